"""Put the runs into the queue by which another one is compared: each of its labels alone, the same from scratch, or
not adapted to another place.
"""

from core.backbones import get_card
from core.datasets import load_dataset
from core.device import resolve_device
from core.execution.submit import submit
from core.home import Home
from core.monitoring import find_counterparts
from core.names import shorten
from core.plans import Plan, from_scratch, plan_alone, without_target
from core.profiling import estimate_before_start, head_size, known_cost_profile
from core.runs import Run, resume

NAME_LETTERS = 50  # of the other run's name and of what stands behind it: a name has no more than twice as many


def submit_alone(home: Home, run: Run) -> list[Run]:
    """One run for each label of a run, in its order, with otherwise the same plan; those that are there already stay,
    and go on where they were interrupted.

    Raises what `submit` does.
    """
    plans = {f"{task} alone": plan_alone(run.plan, task) for task in run.plan.tasks}
    return _submit_missing(home, run, plans)


def submit_from_scratch(home: Home, run: Run) -> Run:
    """The same from random weights, unless it is there already. Raises BadPlan where it is what the run is itself, and
    what `submit` does.
    """
    [found] = _submit_missing(home, run, {"from scratch": from_scratch(run.plan)})
    return found


def submit_unadapted(home: Home, run: Run) -> Run:
    """The same without its target, unless it is there already. Raises what `submit` does."""
    [found] = _submit_missing(home, run, {"not adapted": without_target(run.plan)})
    return found


def _submit_missing(home: Home, run: Run, plans: dict[str, Plan]) -> list[Run]:
    """plans: by what each adds to the run's name."""
    found = find_counterparts(home, list(plans.values()))
    return [
        _gone_on(home, there)
        if there
        else submit(home, plan, f"{shorten(run.name, NAME_LETTERS)}, {shorten(added, NAME_LETTERS)}")
        for there, (added, plan) in zip(found, plans.items(), strict=True)
    ]


def _gone_on(home: Home, run: Run) -> Run:
    return resume(home, run.id) if run.state == "interrupted" else run


def seconds_from_scratch(home: Home, run: Run) -> float | None:
    """About how long the same from scratch will take; None where nothing of its network was measured here. Raises
    BadPlan where it is what the run is itself.
    """
    plan, source = from_scratch(run.plan), run.plan.source
    card = get_card(plan.backbone.name)
    if known_cost_profile(home, plan, card, resolve_device(plan.device)) is None:
        return None
    dataset = load_dataset(home, source.id, source.version)
    return estimate_before_start(home, plan, dataset, head_size(plan, dataset, card)).seconds
