"""Minimum class confusion: the model is not torn between two classes on photos of the target dataset.

Jin et al., "Minimum Class Confusion for Versatile Domain Adaptation", ECCV 2020, section 3.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.mmd import FEATURE_DISTANCE
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor


class MinimumClassConfusion(Objective):
    """Make up its mind about the target's photos. temperature: logits are divided by it; 2.5 in the paper."""

    title: ClassVar[str] = "Minimum class confusion"
    needs: ClassVar[frozenset[Need]] = frozenset({"target_batch"})
    reports: ClassVar[tuple[Report, ...]] = (FEATURE_DISTANCE,)

    kind: Literal["mcc"] = "mcc"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="Clear answers count",
        description="How much it counts not to waver between two classes on the other place's photos, beside the "
        "labels' 1. 0 is not at all.",
    )
    temperature: float = Field(default=2.5, gt=0, le=100)

    def make_term(self, context: ObjectiveContext) -> Term:
        return partial(minimum_class_confusion, temperature=self.temperature)


def minimum_class_confusion(output: BatchOutput, temperature: float) -> Tensor:
    """Loss (scalar), the sum over the tasks."""
    import torch

    return torch.stack([class_confusion(each, temperature) for each in output.in_target.logits.values()]).sum()


def class_confusion(logits: Tensor, temperature: float) -> Tensor:
    """Confusion between different classes, the mean over the classes (scalar, 0 to 1). logits: [images, classes]."""
    import torch

    log_probabilities = torch.log_softmax(logits.float() / temperature, dim=1)
    probabilities = log_probabilities.exp()
    entropies = -(probabilities * log_probabilities).sum(dim=1)
    certainty = 1 + torch.exp(-entropies)
    # As in the authors' code, a weight is no way to make the loss smaller.
    weights = (len(logits) * certainty / certainty.sum()).detach()
    correlation = (probabilities * weights[:, None]).T @ probabilities
    confusion = correlation / correlation.sum(dim=1, keepdim=True)
    return 1 - confusion.diagonal().mean()  # rows add up to 1
