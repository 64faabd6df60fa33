"""What to try after a run: the advice of a verdict, and the change of the plan that follows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.plans.editing import checked, set_epochs, set_frozen
from core.plans.plan import Head, Plan

Advice = Literal[
    "more epochs",
    "a third of the rates",
    "a tenth of the rates",
    "a tenth of the stage rates",
    "a higher head rate",
    "freeze more",
    "free one more",
    "dropout",
    "more photos",
]
MORE_EPOCHS, MOST_EPOCHS = 2, 10_000
USUAL_DROPOUT, MOST_DROPOUT = 0.2, 0.5
HIGHEST_RATE = 10.0  # that a plan may have


@dataclass(frozen=True)
class Remedy:
    """label: of the button that makes this plan. change: gives the plan itself where it cannot be followed."""

    label: str
    change: Callable[[Plan], Plan]


def _more_epochs(plan: Plan) -> Plan:
    return checked(set_epochs(plan, min(MORE_EPOCHS * plan.epochs, MOST_EPOCHS)))


def _rates_times(head: float, stages: float) -> Callable[[Plan], Plan]:
    """Every rate of every phase, times a factor."""

    def change(plan: Plan) -> Plan:
        phases = tuple(
            phase.model_copy(
                update={
                    "head_rate": _times(phase.head_rate, head),
                    "stage_rates": tuple(_times(rate, stages) for rate in phase.stage_rates),
                }
            )
            for phase in plan.phases
        )
        return checked(plan.model_copy(update={"phases": phases}))

    return change


def _times(rate: float, factor: float) -> float:
    return min(HIGHEST_RATE, float(f"{rate * factor:.3g}"))


def _freeze_one_more(plan: Plan) -> Plan:
    """The trainable stage nearest to the stem, in every phase."""
    first = plan.first_trainable_stage
    for number in range(len(plan.phases)):
        plan = set_frozen(plan, number, first, frozen=True)
    return plan


def _free_one_more(plan: Plan) -> Plan:
    """In the last phase, the frozen stage nearest to the head."""
    last = len(plan.phases) - 1
    frozen = [stage for stage, rate in enumerate(plan.phases[last].stage_rates) if rate == 0]
    return set_frozen(plan, last, frozen[-1], frozen=False) if frozen else plan


def _dropout(plan: Plan) -> Plan:
    more = min(MOST_DROPOUT, max(USUAL_DROPOUT, round(plan.head.dropout + 0.1, 2)))
    return plan.model_copy(update={"head": Head(dropout=max(more, plan.head.dropout))})


# Advice that is a change of the plan; more photos are taken by a person, elsewhere.
REMEDIES: dict[Advice, Remedy] = {
    "more epochs": Remedy("Train again, twice as long", _more_epochs),
    "a third of the rates": Remedy("Train again with a third of the rates", _rates_times(1 / 3, 1 / 3)),
    "a tenth of the rates": Remedy("Train again with a tenth of the rates", _rates_times(1 / 10, 1 / 10)),
    "a tenth of the stage rates": Remedy("Train again, the stages ten times slower", _rates_times(1, 1 / 10)),
    "a higher head rate": Remedy("Train again, the head three times faster", _rates_times(3, 1)),
    "freeze more": Remedy("Train again, one more stage frozen", _freeze_one_more),
    "free one more": Remedy("Train again, one more stage learning", _free_one_more),
    "dropout": Remedy("Train again with dropout", _dropout),
}
