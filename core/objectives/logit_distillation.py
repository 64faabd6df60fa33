"""Logit distillation: the student answers as its teacher does, wrong classes included.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, section 2.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Need, Objective, ObjectiveContext, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor


class LogitDistillation(Objective):
    """Learn the teacher's soft targets. temperature: the higher, the more the classes of low probability count."""

    title: ClassVar[str] = "Logit distillation"
    needs: ClassVar[frozenset[Need]] = frozenset({"teacher"})

    kind: Literal["logit_distillation"] = "logit_distillation"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="Its answers count",
        description="How much it counts to answer as the teacher does, beside the labels' 1. 0 is not at all.",
    )
    temperature: Annotated[float, Slider(1.0, 10.0, 0.5)] = Field(
        default=2.0,
        gt=0,
        le=100,
        title="Softness",
        description="At 1 the teacher's answers are taken as they are; above, the classes that it thinks less likely "
        "count more.",
    )

    def make_term(self, context: ObjectiveContext) -> Term:
        return partial(logit_distillation, temperature=self.temperature)


def logit_distillation(output: BatchOutput, temperature: float) -> Tensor:
    """Loss (scalar), T^2 KL(softmax(teacher / T) || softmax(student / T)), the mean over photos and tasks.

    0 when the student answers exactly as its teacher. T^2 keeps the size of the gradients whatever the temperature
    (section 2 of the paper), so that the weight of this term need not change with it.
    """
    import torch
    from torch.nn import functional

    assert output.distillation is not None, "the plan names a teacher"
    divergences = []
    for pair in zip(output.distillation.teacher_logits, output.distillation.student_logits, strict=True):
        teacher, student = (functional.log_softmax(logits.float() / temperature, dim=1) for logits in pair)
        divergences.append(temperature**2 * functional.kl_div(student, teacher, log_target=True, reduction="batchmean"))
    return torch.stack(divergences).mean()
