"""What is put after a backbone for a task: a linear layer, or the nearest of the training photos."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.evaluation import LEAST_DISTANCE, LinearHead, NeighborsHead
from core.plans import HeadKind


class NearestNeighbors(nn.Module):
    """Logits [batch, outputs] from features [batch, channels]: a vote of the nearest training photos, weighed by their
    distance (`core.evaluation.simple_heads.NeighborsHead`).

    What it knows are buffers, so that it is saved, loaded and moved like weights. features: [photos, channels], of
    length 1. labels: int64 [photos]. neighbors: how many vote. scale: by which the logarithms of their shares are
    multiplied. As it is built it has no photos, and can answer nothing.
    """

    features: Tensor
    labels: Tensor
    neighbors: Tensor
    scale: Tensor

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.register_buffer("features", torch.empty(0, channels))
        self.register_buffer("labels", torch.empty(0, dtype=torch.int64))
        self.register_buffer("neighbors", torch.tensor(1))
        self.register_buffer("scale", torch.tensor(1.0))

    def make_room(self, photos: int) -> None:
        """For so many photos, which are then copied into it like weights."""
        self.features = self.features.new_zeros((photos, self.features.shape[1]))
        self.labels = self.labels.new_zeros(photos)

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):  # distances are small differences of large numbers
            cosines = functional.normalize(features.float(), dim=1) @ self.features.T
            nearest, places = cosines.topk(int(self.neighbors), dim=1)
            distances = (2 - 2 * nearest).clamp_min(LEAST_DISTANCE**2).sqrt()
            votes = functional.normalize(1 / distances, p=1, dim=1)
            # Not scatter_add, which has no deterministic algorithm on a GPU.
            shares = (votes.unsqueeze(2) * functional.one_hot(self.labels[places], self.outputs)).sum(dim=1)
            return self.scale * ((self.neighbors * shares + 1 / self.outputs) / (self.neighbors + 1)).log()


def make_head(kind: HeadKind, channels: int, outputs: int) -> nn.Module:
    """A head that has not learned anything yet."""
    return NearestNeighbors(channels, outputs) if kind == "nearest_neighbors" else nn.Linear(channels, outputs)


@torch.no_grad()
def put_into_head(head: nn.Module, fitted: LinearHead | NeighborsHead) -> None:
    """Give a head what a fitted one of its kind knows."""
    if isinstance(fitted, LinearHead):
        values: dict[str, np.ndarray] = {"weight": fitted.weight, "bias": fitted.bias}
    else:
        assert isinstance(head, NearestNeighbors)
        head.make_room(len(fitted.photos))
        length_1 = functional.normalize(torch.from_numpy(fitted.photos.features), dim=1).numpy()
        values = {
            "features": length_1,
            "labels": fitted.photos.labels,
            "neighbors": np.array(fitted.neighbors),
            "scale": np.array(fitted.scale),
        }
    own = head.state_dict()
    for name, value in values.items():
        own[name].copy_(torch.from_numpy(value))
