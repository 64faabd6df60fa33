"""Small changes to a plan: each takes one and gives another, checked like any plan."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from core.errors import BadPlan
from core.names import shorten
from core.objectives import OBJECTIVES, Objective
from core.plans.head_kinds import HEAD_KINDS, with_head_kind
from core.plans.layer_decay import set_layer_decay
from core.plans.plan import EarlyStopping, Phase, Plan, fits_heads, validation_error_in_words
from core.plans.recipes import rates_towards_stem


def set_rate(plan: Plan, phase: int, stage: int, rate: float) -> Plan:
    """The rate of one backbone stage in one phase; 0 freezes it. stage == number of stages means the head, which then
    learns in steps at that rate.
    """
    chosen = plan.phases[phase]
    if stage == len(chosen.stage_rates):
        return checked(set_phase(plan, phase, head_rate=rate, solver="optimizer"))
    rates = (*chosen.stage_rates[:stage], rate, *chosen.stage_rates[stage + 1 :])
    return checked(set_phase(plan, phase, stage_rates=rates))


def set_phase(plan: Plan, number: int, **changes: Any) -> Plan:
    """Other fields of one phase, not checked yet."""
    changed = plan.phases[number].model_copy(update=changes)
    return plan.model_copy(update={"phases": (*plan.phases[:number], changed, *plan.phases[number + 1 :])})


def set_optimizer(plan: Plan, **changes: Any) -> Plan:
    """Other fields of the optimizer, not checked yet."""
    return plan.model_copy(update={"optimizer": plan.optimizer.model_copy(update=changes)})


def set_augmentation(plan: Plan, **changes: Any) -> Plan:
    """Other fields of the augmentation, not checked yet."""
    return plan.model_copy(update={"augmentation": plan.augmentation.model_copy(update=changes)})


def set_early_stopping(plan: Plan, patience: int) -> Plan:
    """Stop after so many epochs without improvement; 0 turns it off. Not checked yet."""
    return plan.model_copy(update={"early_stopping": EarlyStopping(patience=patience) if patience else None})


def objective_of(plan: Plan, kind: str) -> Objective:
    """The plan's objective of a kind; with weight 0 where the plan has none."""
    return next((each for each in plan.objectives if each.kind == kind), OBJECTIVES[kind](kind=kind, weight=0.0))


def set_objective(plan: Plan, kind: str, **changes: Any) -> Plan:
    """Other fields of the objective of a kind, which joins the plan where it is not there. Not checked yet."""
    changed = objective_of(plan, kind).model_copy(update=changes)
    if all(each.kind != kind for each in plan.objectives):
        return plan.model_copy(update={"objectives": (*plan.objectives, changed)})
    objectives = tuple(changed if each.kind == kind else each for each in plan.objectives)
    return plan.model_copy(update={"objectives": objectives})


def set_frozen(plan: Plan, phase: int, stage: int, frozen: bool) -> Plan:
    """Freeze a stage, or unfreeze it at the rate of a trainable neighbour, else the usual one.

    The head is always trainable: without it nothing would be.
    """
    rates = plan.phases[phase].stage_rates
    if stage >= len(rates) or frozen == (rates[stage] == 0):
        return plan
    if frozen:
        return set_rate(plan, phase, stage, 0.0)
    neighbours = [rates[i] for i in (stage + 1, stage - 1) if 0 <= i < len(rates) and rates[i] > 0]
    usual = plan.phases[phase].head_rate if plan.backbone.weights == "random" else rates_towards_stem(len(rates))[stage]
    return set_rate(plan, phase, stage, neighbours[0] if neighbours else usual)


def set_epochs(plan: Plan, epochs: int) -> Plan:
    """So many epochs in all, in the proportions of the phases so far, at least one in each."""
    phases = plan.phases
    epochs = max(epochs, len(phases))
    shares = [max(1, round(epochs * phase.epochs / plan.epochs)) for phase in phases]
    # Rounding may leave a few too many or too few: the longest phase takes the difference.
    while sum(shares) != epochs:
        longest = shares.index(max(shares))
        shares[longest] += 1 if sum(shares) < epochs else -1
    return plan.model_copy(
        update={"phases": tuple(p.model_copy(update={"epochs": n}) for p, n in zip(phases, shares, strict=True))}
    )


def set_head_rate(plan: Plan, rate: float, phase: int = -1) -> Plan:
    """The head's rate in one phase, the last one unless named; all other rates, in all phases, keep their proportion.

    A head that was frozen or fitted there has none: it alone changes, and learns in steps from now on.
    """
    previous = plan.phases[phase].head_rate
    if not previous or fits_heads(plan, plan.phases[phase]):
        return set_rate(plan, phase % len(plan.phases), len(plan.phases[phase].stage_rates), rate)
    factor = rate / previous

    def scaled(each: Phase) -> Phase:
        rates = tuple(float(f"{r * factor:.3g}") for r in each.stage_rates)
        return each.model_copy(update={"head_rate": float(f"{each.head_rate * factor:.3g}"), "stage_rates": rates})

    return checked(plan.model_copy(update={"phases": tuple(map(scaled, plan.phases))}))


# Fields that a person sets as one value though others go along: (does a value fit, which do, set it).
WHOLE_PLAN: dict[str, tuple[Callable[[Any], bool], str, Callable[[Plan, Any], Plan]]] = {
    "epochs": (lambda v: isinstance(v, int) and v >= 1, "a whole number from 1", set_epochs),
    "head_rate": (lambda v: isinstance(v, float | int) and v > 0, "a number above 0", set_head_rate),
    "layer_decay": (
        lambda v: isinstance(v, float | int) and 0 < v <= 1,
        "a number above 0 and at most 1",
        set_layer_decay,
    ),
    "head.kind": (lambda v: v in HEAD_KINDS, f"one of {', '.join(HEAD_KINDS)}", with_head_kind),
}


def change(plan: Plan, assignment: str) -> Plan:
    """One change as the command line writes it: `epochs=5`, `optimizer.weight_decay=0.1`, `augmentation.flip=false`.

    Raises BadPlan when there is no such field or the value does not fit.
    """
    field, sign, text = assignment.partition("=")
    field = field.strip()
    if not sign or not field:
        raise BadPlan(f'"{shorten(assignment)}" is no change.', "Write field=value, as in epochs=5.")
    value = _value(text.strip())
    if field in WHOLE_PLAN:
        fits, wanted, edit = WHOLE_PLAN[field]
        if not fits(value):
            raise BadPlan(f"{shorten(assignment)}: {field} is {wanted}.", "Choose another value.")
        return checked(edit(plan, value))
    fields = json.loads(plan.model_dump_json())
    place: Any = fields
    *path, last = field.split(".")
    try:
        for part in path:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            place[int(last)] = value
        elif last in place:
            place[last] = value
        else:
            raise KeyError(last)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise BadPlan(
            f'A plan has no field "{shorten(field)}".', f"Its fields are: {', '.join(WHOLE_PLAN)}, {', '.join(fields)}."
        ) from error
    try:
        return Plan.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise BadPlan(f"{shorten(assignment)}: {validation_error_in_words(error)}.", "Choose another value.") from error


def checked(plan: Plan) -> Plan:
    """Check a plan again after `model_copy`, which does not. Raises BadPlan."""
    try:
        return Plan.model_validate_json(plan.model_dump_json())
    except ValidationError as error:
        raise BadPlan(
            f"The plan does not fit together: {validation_error_in_words(error)}.", "Choose another value."
        ) from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
