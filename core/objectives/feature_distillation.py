"""Feature distillation: the student's features point where the teacher's do, after one linear layer.

Romero et al., "FitNets", ICLR 2015, with directions in place of squared differences, because the scale of features is
each network's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Need, Objective, ObjectiveContext, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor


class FeatureDistillation(Objective):
    """Learn the teacher's features."""

    title: ClassVar[str] = "Feature distillation"
    needs: ClassVar[frozenset[Need]] = frozenset({"teacher"})

    kind: Literal["feature_distillation"] = "feature_distillation"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="What it sees counts",
        description="How much it counts to see in a photo what the teacher sees, beside the labels' 1. 0 is not at "
        "all.",
    )

    def make_term(self, context: ObjectiveContext) -> Term:
        return feature_distillation


def feature_distillation(output: BatchOutput) -> Tensor:
    """Loss (scalar, 0 to 2), 1 - cosine of the angle between teacher's and student's features, the mean over photos."""
    from torch.nn import functional

    assert output.distillation is not None, "the plan names a teacher"
    student, teacher = output.distillation.student_features, output.distillation.teacher_features
    return 1 - functional.cosine_similarity(student.float(), teacher.float(), dim=1).mean()
