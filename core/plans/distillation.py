"""A plan with a teacher: who it is, and how much each of the things counts that it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from core.plans.editing import checked
from core.plans.plan import Objective, Plan, Teacher
from core.plans.recipes import make_plan

if TYPE_CHECKING:  # the rooms below load torch; a plan is read and edited without it
    from core.backbones import BackboneCard, Stage
    from core.datasets import Dataset

Says = Literal["logit_distillation", "feature_distillation"]
TEACHER_OBJECTIVES = (Objective(kind="logit_distillation"), Objective(kind="feature_distillation"))


def set_teacher(plan: Plan, teacher: Teacher | None) -> Plan:
    """Learn from a teacher beside the labels, as much as from the one before; or from the labels alone."""
    if teacher is None:
        return checked(plan.model_copy(update={"teacher": None, "objectives": _own(plan) or (Objective(),)}))
    objectives = plan.objectives if plan.teacher else (*_own(plan), *TEACHER_OBJECTIVES)
    return checked(plan.model_copy(update={"teacher": teacher, "objectives": objectives}))


def with_teacher_of(plan: Plan, other: Plan) -> Plan:
    """The plan with the teacher of another plan, which counts as much as there; without one where that has none."""
    lessons = tuple(each for each in other.objectives if each.needs_teacher)
    return checked(plan.model_copy(update={"teacher": other.teacher, "objectives": (*_own(plan), *lessons)}))


def _own(plan: Plan) -> tuple[Objective, ...]:
    """What it learns from without a teacher."""
    return tuple(each for each in plan.objectives if not each.needs_teacher)


def lesson(plan: Plan, kind: Says) -> Objective:
    """What the plan says about that part of what its teacher says; that it counts nothing where it says nothing."""
    return next((each for each in plan.objectives if each.kind == kind), Objective(kind=kind, weight=0.0))


def set_distillation(plan: Plan, kind: Says, **changes: Any) -> Plan:
    """The same plan with another weight or temperature of that part."""
    changed = lesson(plan, kind).model_copy(update=changes)
    others = tuple(each for each in plan.objectives if each.kind != kind)
    return plan.model_copy(update={"objectives": (*others, changed)})


def student_plan(
    dataset: Dataset, small: BackboneCard, stages: Sequence[Stage], sizes: Sequence[int], taught: Plan, run: str
) -> Plan:
    """All of a small network learns what a run knows. taught: the run's plan. sizes: that suit the small one.

    Of those it sees the one nearest to the run's own: the teacher is shown the very photos that the student sees.
    """
    nearest = min(sizes, key=lambda size: abs(size - taught.image_size))
    plan = make_plan(dataset, small, stages, "head-first", image_size=nearest)
    return set_teacher(plan.model_copy(update={"tasks": taught.tasks}), Teacher(run=run))
