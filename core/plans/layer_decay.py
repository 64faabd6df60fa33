"""Layer decay: each stage that learns has a lower rate than the one after it, by one factor.

Clark et al., "ELECTRA", ICLR 2020, appendix B, and Bao et al., "BEiT", ICLR 2022, appendix: the rate of a layer is that
of the top, times decay to the power of its distance from there. The stage rates of a plan are what is trained with;
decay is a way to fill them in, so it can be read from them again, and any of them may be changed by hand afterwards.
"""

import math

from core.plans.plan import Phase, Plan

TOLERANCE = 0.06  # rates of recipes are rounded to two digits


def set_layer_decay(plan: Plan, decay: float) -> Plan:
    """Fill in the rates of all phases that free stages: frozen ones stay so, and the last one that learns keeps its
    rate. decay: in (0, 1]; 1 is the same rate for all. Not checked yet.
    """
    phases = tuple(each.model_copy(update={"stage_rates": _decayed(each, decay)}) for each in plan.phases)
    return plan.model_copy(update={"phases": phases})


def layer_decay_of(plan: Plan) -> float | None:
    """The decay by which the rates of all phases fall towards the stem; None where they follow none, or no phase frees
    two stages or more.
    """
    freeing = [phase for phase in plan.phases if can_decay(phase)]
    decay = _decay_of(freeing[-1]) if freeing else None
    follow_it = decay and all(_is_decayed(phase, decay) for phase in freeing)
    return decay if follow_it else None


def can_decay(phase: Phase) -> bool:
    """Whether two stages or more learn: of one alone there is nothing to decay."""
    return sum(rate > 0 for rate in phase.stage_rates) > 1


def _decayed(phase: Phase, decay: float) -> tuple[float, ...]:
    learning = [stage for stage, rate in enumerate(phase.stage_rates) if rate > 0]
    if not learning:
        return phase.stage_rates
    last, top = learning[-1], phase.stage_rates[learning[-1]]
    return tuple(
        float(f"{top * decay ** (last - stage):.3g}") if rate > 0 else 0.0
        for stage, rate in enumerate(phase.stage_rates)
    )


def _decay_of(phase: Phase) -> float | None:
    """To two digits after the point."""
    learning = [stage for stage, rate in enumerate(phase.stage_rates) if rate > 0]
    first, last = learning[0], learning[-1]
    decay = round((phase.stage_rates[first] / phase.stage_rates[last]) ** (1 / (last - first)), 2)
    return decay if 0 < decay <= 1 else None


def _is_decayed(phase: Phase, decay: float) -> bool:
    alike = zip(_decayed(phase, decay), phase.stage_rates, strict=True)
    return all(math.isclose(a, b, rel_tol=TOLERANCE) for a, b in alike)
