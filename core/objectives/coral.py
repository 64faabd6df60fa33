"""Deep CORAL: what the model answers varies in the same way in both datasets.

Sun and Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", ECCV 2016 workshops, equations 1 to 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.mmd import FEATURE_DISTANCE
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor


class Coral(Objective):
    """Align the covariances of the two datasets' logits, as the paper does: their scale is the same for any network,
    while that of features is not, and the distance grows with its fourth power.
    """

    title: ClassVar[str] = "Deep CORAL"
    needs: ClassVar[frozenset[Need]] = frozenset({"target_batch"})
    reports: ClassVar[tuple[Report, ...]] = (FEATURE_DISTANCE,)

    kind: Literal["coral"] = "coral"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="Alike spread counts",
        description="How much it counts that answers vary in the other place's photos as in yours, beside the labels' "
        "1. 0 is not at all.",
    )

    def make_term(self, context: ObjectiveContext) -> Term:
        return coral


def coral(output: BatchOutput) -> Tensor:
    """Loss (scalar), the sum over the tasks."""
    import torch

    target = output.in_target.logits
    return torch.stack([coral_distance(source, target[task]) for task, source in output.logits.items()]).sum()


def coral_distance(source: Tensor, target: Tensor) -> Tensor:
    """Squared Frobenius distance of the covariances (scalar), over 4 d². source, target: [images, d], 2 images each
    or more.
    """
    import torch

    source_covariance, target_covariance = (torch.cov(each.float().T) for each in (source, target))
    return (source_covariance - target_covariance).square().sum() / (4 * source.shape[1] ** 2)
