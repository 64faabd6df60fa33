"""A plan whose network is held near the weights that it came with (`core.objectives.l2_sp`)."""

from core.objectives import L2Sp
from core.plans.editing import checked, set_optimizer
from core.plans.plan import Plan
from core.plans.recipes import usual_weight_decay


def has_l2_sp(plan: Plan) -> bool:
    return any(each.kind == "l2_sp" for each in plan.objectives)


def set_l2_sp(plan: Plan, on: bool) -> Plan:
    """Hold the network near its start, or let it go. Weight decay, which pulls to zero, makes way for it, and comes
    back unless another one was set by hand. Raises BadPlan.
    """
    if on == has_l2_sp(plan):
        return plan
    others = tuple(each for each in plan.objectives if each.kind != "l2_sp")
    changed = plan.model_copy(update={"objectives": (*others, L2Sp()) if on else others})
    usual = usual_weight_decay(plan.backbone.weights)
    replaced, by = (usual, 0.0) if on else (0.0, usual)
    return checked(set_optimizer(changed, weight_decay=by) if plan.optimizer.weight_decay == replaced else changed)
