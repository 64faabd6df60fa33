"""A plan that learns several tasks: which ones, how much each counts, and the plans of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from core.objectives import CrossEntropy
from core.plans.editing import checked, set_objective
from core.plans.plan import Plan

# alike: each counts 1. learned: by uncertainty. by hand: as the plan says.
Balance = Literal["alike", "learned", "by hand"]
_KIND = "cross_entropy"


def set_tasks(plan: Plan, tasks: Sequence[str]) -> Plan:
    """Learn these tasks; what balanced them goes where it makes no sense any more. Raises BadPlan."""
    weights = {task: weight for task, weight in task_weights(plan).items() if task in tasks}
    if len(tasks) == 1:
        balanced = _with_balance(plan)
    elif weights:
        balanced = _with_balance(plan, weights)
    else:
        balanced = plan if balance_of(plan) == "learned" else _with_balance(plan)
    return checked(balanced.model_copy(update={"tasks": tuple(tasks)}))


def balance_of(plan: Plan) -> Balance:
    """How the plan's tasks are balanced; "alike" where nothing looks at labels."""
    objective = _cross_entropy(plan)
    if objective is None or not (objective.learn_task_weights or objective.task_weights):
        return "alike"
    return "learned" if objective.learn_task_weights else "by hand"


def task_weights(plan: Plan) -> dict[str, float]:
    """By task, the weights set by hand; {} where there are none."""
    objective = _cross_entropy(plan)
    return dict(objective.task_weights) if objective else {}


def set_balance(plan: Plan, balance: Balance) -> Plan:
    """Balance the tasks so; by hand, all have the weight 1 at first. Raises BadPlan."""
    if balance == balance_of(plan):
        return plan
    weights = dict.fromkeys(plan.tasks, 1.0) if balance == "by hand" else {}
    return checked(_with_balance(plan, weights, balance == "learned"))


def set_task_weight(plan: Plan, task: str, weight: float) -> Plan:
    """Set a task's weight by hand. Raises BadPlan."""
    return checked(_with_balance(plan, {**dict.fromkeys(plan.tasks, 1.0), **task_weights(plan), task: weight}))


def balance_in_words(plan: Plan) -> str:
    """As a table of plans has it."""
    match balance_of(plan):
        case "learned":
            return "by uncertainty"
        case "by hand":
            return ", ".join(f"{task} {weight:g}" for task, weight in task_weights(plan).items())
    return "alike"


def plan_alone(plan: Plan, task: str) -> Plan:
    """The same plan for one of its tasks."""
    return set_tasks(plan, [task])


def _cross_entropy(plan: Plan) -> CrossEntropy | None:
    return next((each for each in plan.objectives if isinstance(each, CrossEntropy)), None)


def _with_balance(plan: Plan, weights: dict[str, float] | None = None, learns: bool = False) -> Plan:
    """Not checked yet. A plan that looks at no labels stays as it is."""
    if _cross_entropy(plan) is None:
        return plan
    pairs = tuple(sorted((weights or {}).items()))
    return set_objective(plan, _KIND, task_weights=pairs, learn_task_weights=learns)
