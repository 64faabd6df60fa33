"""One part of the network learns, and the head: which one is best is found by trying each (surgical fine-tuning).

Lee et al., "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts", ICLR 2023: where photos look different
from those that a network knows, freeing an early stage alone can be better than freeing all; where the classes are new,
a late one.
"""

from core.errors import BadPlan
from core.plans.distillation import set_teacher
from core.plans.editing import checked
from core.plans.head_kinds import with_head_kind
from core.plans.plan import Phase, Plan
from core.plans.recipes import STAGE_RATE, head_alone

PHOTOS_PER_PART, MOST_EPOCHS = 1_500, 5  # training photos that each part sees in a trial, about
TAKEN_EPOCHS = 10


def trial_epochs(training_photos: int) -> int:
    """How many epochs each part learns for in a trial: more where photos are few."""
    return min(MOST_EPOCHS, max(1, round(PHOTOS_PER_PART / max(training_photos, 1))))


def plan_of_part(plan: Plan, stage: int | None, epochs: int) -> Plan:
    """The plan in which a fitted head comes first, and then this stage alone learns with it, if any. Raises BadPlan
    where weights are random, of which no part is worth keeping.

    What would cost time and tells the parts apart no better is left out: teacher, averages, early stopping.
    """
    if plan.backbone.weights == "random":
        raise BadPlan("Random weights know nothing yet, so no part of them is worth keeping.", "Use pretrained ones.")
    plain = with_head_kind(set_teacher(plan, None) if plan.teacher else plan, "linear")
    optimizer = plain.optimizer.model_copy(update={"ema_decay": 0.0})
    changes = {"phases": _phases(plan, stage, epochs), "optimizer": optimizer, "early_stopping": None, "soup": 0}
    return checked(plain.model_copy(update=changes))


def take_part(plan: Plan, stage: int) -> Plan:
    """The plan with the phases of this part, for as long as it takes. Not checked yet."""
    changed = with_head_kind(plan, "linear")
    return changed.model_copy(update={"phases": _phases(plan, stage, TAKEN_EPOCHS)})


def _phases(plan: Plan, stage: int | None, epochs: int) -> tuple[Phase, ...]:
    stages = len(plan.phases[0].stage_rates)
    first = head_alone("head first", stages)
    if stage is None:
        return (first,)
    # All at the same rate: with less for early stages they would be judged by how little they were let learn.
    rates = tuple(STAGE_RATE if number == stage else 0.0 for number in range(stages))
    alone = Phase(name="one part", epochs=epochs, stage_rates=rates, head_rate=STAGE_RATE * 3, warmup_epochs=0.5)
    return (first, alone)
