"""The whole loss: the terms that a plan names, looked up by kind, weighted and summed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from core.objectives.cross_entropy import CrossEntropy, balanced
from core.objectives.distillation import FeatureDistillation, LogitDistillation
from core.objectives.outcome import Outcome

Term = Callable[[Outcome], Tensor]
Counts = Mapping[str, np.ndarray]  # by task: training photos per class


class Settings(Protocol):
    """What a plan says about one term; `core.plans.Objective` has this shape."""

    @property
    def kind(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def label_smoothing(self) -> float: ...
    @property
    def balance_classes(self) -> bool: ...
    @property
    def temperature(self) -> float: ...


def _cross_entropy(settings: Settings, counts: Counts) -> Term:
    weights = {task: balanced(found) for task, found in counts.items()} if settings.balance_classes else {}
    return CrossEntropy(settings.label_smoothing, weights)


# A new technique is one file with its term, and one line here.
KINDS: dict[str, Callable[[Settings, Counts], Term]] = {
    "cross_entropy": _cross_entropy,
    "logit_distillation": lambda settings, counts: LogitDistillation(settings.temperature),
    "feature_distillation": lambda settings, counts: FeatureDistillation(),
}


@dataclass(frozen=True)
class Loss:
    """The sum of weighted terms."""

    terms: tuple[tuple[float, Term], ...]

    def __call__(self, outcome: Outcome) -> Tensor:
        """Loss (scalar) of one batch."""
        return torch.stack([weight * term(outcome) for weight, term in self.terms]).sum()


def make_loss(objectives: Sequence[Settings], counts: Counts) -> Loss:
    """The loss of a plan. Raises KeyError for a kind that no file here defines; a plan refuses it earlier."""
    return Loss(tuple((each.weight, KINDS[each.kind](each, counts)) for each in objectives))
