"""A plan whose head is a simple one (`core.plans.head_kinds`), with nothing beside it that it could not do."""

from core.objectives import CrossEntropy
from core.plans.editing import checked
from core.plans.head_kinds import HeadKind, with_head_kind
from core.plans.plan import Plan
from core.plans.recipes import with_recipe


def take_head(plan: Plan, kind: HeadKind) -> Plan:
    """Freeze the network and let this head learn alone, from labels and from photos as they are.

    The photos, what is told apart, the network and the photo size stay.
    """
    stages = len(plan.phases[0].stage_rates)
    alone = with_recipe(plan, "feature-extraction", stages)
    changes = {
        "datasets": (plan.source,),
        "objectives": (CrossEntropy(),),
        "teacher": None,
        "sampling": "shuffled",
        "adaptive_batch_norm": False,
        "soup": 0,
        "drop_path": 0.0,
        "optimizer": alone.optimizer.model_copy(update={"ema_decay": 0.0}),
        "head": plan.head.model_copy(update={"kind": "linear", "dropout": 0.0}),
    }
    return checked(with_head_kind(alone.model_copy(update=changes), kind))
