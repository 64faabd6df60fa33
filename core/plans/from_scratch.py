"""The same plan without transfer: what a run from random weights is compared by."""

from __future__ import annotations

from core.errors import BadPlan
from core.objectives import CrossEntropy
from core.plans.editing import checked, set_augmentation
from core.plans.l2_sp import set_l2_sp
from core.plans.plan import Plan
from core.plans.recipes import with_recipe

# In a sentence, after "From scratch means": what `from_scratch` keeps and what it has to change.
FAIRNESS = (
    "the same photos, labels, network, photo size and seed, but random weights. Everything learns, at a rate for "
    "random weights, for at least 30 epochs and no fewer than before; photos are changed as before, or as usual where "
    "they were not. Teachers and photos of another place are left out."
)


def from_scratch(plan: Plan) -> Plan:
    """The plan by the recipe "From scratch", with all that transfers nothing as it was: the photos and their changes,
    the network, sizes, optimizer and seed. It has no fewer epochs than the plan.

    Raises BadPlan for a plan that begins from random weights itself.
    """
    if plan.backbone.weights == "random":
        raise BadPlan("This run began from random weights itself.", "Compare one with a pretrained network.")
    transfers_nothing = tuple(
        each for each in set_l2_sp(plan, False).objectives if each.needs <= {"labels", "features"}
    )
    alone = set_l2_sp(plan, False).model_copy(
        update={
            "datasets": (plan.source,),
            "objectives": transfers_nothing or (CrossEntropy(),),
            "teacher": None,
            "head": plan.head.model_copy(update={"kind": "linear"}),
            "adaptive_batch_norm": False,
        }
    )
    scratch = with_recipe(alone, "scratch", len(plan.phases[0].stage_rates))
    phase = scratch.phases[0]
    changed = scratch.model_copy(
        update={"phases": (phase.model_copy(update={"epochs": max(phase.epochs, plan.epochs)}),)}
    )
    if not plan.augmentation.off:
        # Views are of a frozen part, of which there is none.
        changed = set_augmentation(changed, **{**dict(plan.augmentation), "cached_views": None})
    return checked(changed)
