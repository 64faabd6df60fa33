"""A plan with a teacher: which one, and the objectives that learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.objectives import CrossEntropy, FeatureDistillation, LogitDistillation, Objective
from core.plans.editing import checked
from core.plans.plan import Plan, Teacher
from core.plans.recipes import make_plan

if TYPE_CHECKING:  # the rooms below load torch; a plan is read and edited without it
    from core.backbones import BackboneCard, Stage
    from core.datasets import Dataset


def set_teacher(plan: Plan, teacher: Teacher | None) -> Plan:
    """Learn from a teacher beside the labels, at the weights of the previous one; or from the labels alone."""
    if teacher is None:
        objectives = _without_teacher(plan) or (CrossEntropy(),)
    elif plan.teacher is None:
        objectives = (*_without_teacher(plan), LogitDistillation(), FeatureDistillation())
    else:
        objectives = plan.objectives
    return checked(plan.model_copy(update={"teacher": teacher, "objectives": objectives}))


def with_teacher_of(plan: Plan, other: Plan) -> Plan:
    """The plan with the teacher of another plan and its weights; without one where that has none."""
    distillation = tuple(each for each in other.objectives if "teacher" in each.needs)
    objectives = (*_without_teacher(plan), *distillation)
    return checked(plan.model_copy(update={"teacher": other.teacher, "objectives": objectives}))


def _without_teacher(plan: Plan) -> tuple[Objective, ...]:
    return tuple(each for each in plan.objectives if "teacher" not in each.needs)


def student_plan(
    dataset: Dataset, card: BackboneCard, stages: Sequence[Stage], sizes: Sequence[int], teacher_plan: Plan, run_id: str
) -> Plan:
    """Distil a run into a small network, all of whose stages are trained.

    card, stages: of the small network. sizes: photo sizes that suit it, in pixels; the one nearest to the run's is
    taken, because the teacher is shown the very photos of the student. teacher_plan: the run's.
    """
    nearest = min(sizes, key=lambda size: abs(size - teacher_plan.image_size))
    plan = make_plan(dataset, card, stages, "head-first", image_size=nearest)
    return set_teacher(plan.model_copy(update={"tasks": teacher_plan.tasks}), Teacher(run=run_id))
