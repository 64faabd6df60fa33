"""Stochastic depth: in each step of training, each residual branch is left out for some of the photos.

Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016, with a probability that grows linearly from 0 at the
stem (equation 4). timm calls it drop path, and decides which branches of an architecture have it.
"""

from functools import cache

import timm
import torch
from timm.layers import DropPath
from torch import Tensor, nn


class SeededDropPath(DropPath):
    """timm's, with a generator of its own in place of torch's global one, which other threads draw from, too."""

    generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """x: [batch, ...], the output of a branch; of the photos that keep it, all are scaled by 1 / (1 - p)."""
        if not self.training or not self.drop_prob:
            return x
        keep = 1 - self.drop_prob
        mask = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(keep, generator=self.generator)
        return x * (mask.div_(keep) if self.scale_by_keep else mask)


@cache
def has_drop_path(architecture: str) -> bool:
    """Whether an architecture of timm has branches that can be left out; its weights are neither needed nor made."""
    with torch.device("meta"):
        try:
            network = timm.create_model(architecture, num_classes=0, drop_path_rate=0.5)
        except TypeError:  # it takes no such argument
            return False
    return any(isinstance(each, DropPath) and each.drop_prob for each in network.modules())


def with_seeded_drop_path(network: nn.Module) -> nn.Module:
    """The same network, in which each drop path can be given a generator."""
    for path, each in list(network.named_modules()):
        if isinstance(each, DropPath):
            network.set_submodule(path, SeededDropPath(each.drop_prob or 0.0, each.scale_by_keep))
    return network


def seed_drop_path(network: nn.Module, generator: torch.Generator) -> None:
    """Let all drop paths of a network draw from this generator."""
    for each in network.modules():
        if isinstance(each, SeededDropPath):
            each.generator = generator
