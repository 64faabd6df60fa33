"""What a learning rate is looked for: the head alone, or the stages that are freed and the head with them."""

from typing import Literal

from core.plans.distillation import set_teacher
from core.plans.editing import checked
from core.plans.multi_task import set_balance
from core.plans.plan import Phase, Plan

RateGroup = Literal["head", "stages"]
TEST_EPOCHS = 10_000  # a test ends by its steps


def rate_groups(plan: Plan) -> tuple[RateGroup, ...]:
    """Whose rates a plan has: of phases in which the head learns alone, and of those that free stages. A simple head
    has none.
    """
    if plan.head.kind != "linear":
        return ()
    kinds = {_group_of(phase) for phase in plan.phases}
    groups: tuple[RateGroup, ...] = ("head", "stages")
    return tuple(group for group in groups if group in kinds)


def top_rate(phase: Phase) -> float:
    """The rate by which a phase is named: the highest of its stages, or the head's where it learns alone."""
    return max(phase.stage_rates) or phase.head_rate


def tested_phase(plan: Plan, group: RateGroup) -> Phase:
    """The last phase of the plan in which this group learns."""
    return next(phase for phase in reversed(plan.phases) if _group_of(phase) == group)


def plan_to_try(plan: Plan, group: RateGroup) -> Plan:
    """The plan whose steps are taken to find the rate of a group: its phase, after a head that was fitted where the
    head learns alone before. A teacher is left out: it would have to look at all photos first. Learned weights of
    labels are, too: at rates that are too high they would go wild before the network does.
    """
    phase = tested_phase(plan, group).model_copy(
        update={
            "epochs": TEST_EPOCHS,
            "schedule": "constant",
            "warmup_epochs": 0.0,
            "start_image_size": None,
            "solver": "optimizer",
        }
    )
    head_first = group == "stages" and _group_of(plan.phases[0]) == "head"
    before = (plan.phases[0].model_copy(update={"epochs": 1, "solver": "lbfgs"}),) if head_first else ()
    without = set_balance(set_teacher(plan, None) if plan.teacher else plan, "alike")
    optimizer = plan.optimizer.model_copy(update={"ema_decay": 0.0})
    return checked(without.model_copy(update={"phases": (*before, phase), "optimizer": optimizer, "soup": 0}))


def take_rate(plan: Plan, group: RateGroup, rate: float) -> Plan:
    """A rate for all phases in which this group learns: of the stages the highest gets it, and all other rates of those
    phases keep their proportion to it. A head that was fitted learns in steps from now on. Not checked yet.
    """
    factor = rate / top_rate(tested_phase(plan, group))
    phases = tuple(_scaled(each, factor) if _group_of(each) == group else each for each in plan.phases)
    return plan.model_copy(update={"phases": phases})


def _scaled(phase: Phase, factor: float) -> Phase:
    def by_factor(rate: float) -> float:
        return float(f"{rate * factor:.3g}")

    rates = tuple(map(by_factor, phase.stage_rates))
    return phase.model_copy(
        update={"stage_rates": rates, "head_rate": by_factor(phase.head_rate), "solver": "optimizer"}
    )


def _group_of(phase: Phase) -> RateGroup | None:
    if any(phase.stage_rates):
        return "stages"
    return "head" if phase.head_rate else None
