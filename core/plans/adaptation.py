"""A plan that adapts to a target dataset: which one, and the objective that does it."""

from __future__ import annotations

from core.objectives import OBJECTIVES, CrossEntropy, Objective
from core.plans.editing import checked
from core.plans.plan import DatasetChoice, Plan

ADAPTATION_METHODS = tuple(kind for kind, each in OBJECTIVES.items() if "target_batch" in each.needs)
USUAL_METHOD = "mcc"


def set_target(plan: Plan, dataset_id: str, version: int, method: str = USUAL_METHOD) -> Plan:
    """Adapt to a dataset by one of the methods, whose settings stay where the plan has it already. Raises BadPlan."""
    known = {each.kind: each for each in plan.objectives}
    objective = known.get(method) or OBJECTIVES[method](kind=method)
    target = DatasetChoice(id=dataset_id, version=version, role="target")
    changes = {"datasets": (plan.source, target), "objectives": (*_without_adaptation(plan), objective)}
    return checked(plan.model_copy(update=changes))


def without_target(plan: Plan) -> Plan:
    """Learn from the source alone."""
    objectives = _without_adaptation(plan) or (CrossEntropy(),)
    changes = {"datasets": (plan.source,), "objectives": objectives, "adaptive_batch_norm": False}
    return checked(plan.model_copy(update=changes))


def method_of(plan: Plan) -> str | None:
    """The first objective that adapts to the plan's target; None without a target."""
    return next((each.kind for each in plan.objectives if "target_batch" in each.needs), None)


def _without_adaptation(plan: Plan) -> tuple[Objective, ...]:
    return tuple(each for each in plan.objectives if "target_batch" not in each.needs)
