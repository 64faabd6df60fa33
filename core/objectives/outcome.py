"""What a term of the loss may look at."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Outcome:
    """What one batch became on its way through the network.

    features: [images, channels], as the heads saw them. logits: by task, [images, classes].
    labels: by task, int64 [images], MISSING (-1) where a photo has none.
    """

    features: Tensor
    logits: dict[str, Tensor]
    labels: dict[str, Tensor]

    def of_others(self, other: np.ndarray) -> "Outcome":
        """The same answers beside the labels of other photos of the batch. other: int64 [images], whose."""
        places = torch.from_numpy(other).to(self.features.device)
        return replace(self, labels={task: labels[places] for task, labels in self.labels.items()})
