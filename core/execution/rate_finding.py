"""Find learning rates for a plan before it is started: the range test of each group of stages, with its progress."""

from contextlib import closing
from pathlib import Path

from core.activity import activity_in_words
from core.errors import BadPlan
from core.evaluation import RateCurve
from core.execution.preflight import preflight_checks
from core.home import Home, Progress, silent
from core.job import Job, Prepared, load_datasets
from core.plans import Plan, RateGroup, rate_groups
from core.training import RATE_STEPS, RateTried, try_rates


def find_rates(home: Home, plan: Plan, progress: Progress = silent, steps: int = RATE_STEPS) -> tuple[RateCurve, ...]:
    """The loss over the rate of each group of stages that the plan trains. Nothing is written into the home.

    progress: may raise to stop it. Raises BadPlan for a plan that could not be started, and what `train` raises.
    """
    check_can_start(home, plan)
    if not rate_groups(plan):
        raise BadPlan("A simple head takes no steps, so it has no rate.", "Choose the linear head.")
    return tuple(_find_rate(home, plan, group, progress, steps) for group in rate_groups(plan))


def check_can_start(home: Home, plan: Plan) -> None:
    """Raises BadPlan with the first thing that would stop it, and NotFound for a dataset that is gone."""
    for check in preflight_checks(home, plan, load_datasets(home, plan)["source"]):
        if check.level == "stop":
            raise BadPlan(check.sentence)


def _find_rate(home: Home, plan: Plan, group: RateGroup, progress: Progress, steps: int) -> RateCurve:
    def prepared(event: Prepared) -> None:
        progress(event.done, event.total, activity_in_words(event.kind))

    job = Job(plan, load_datasets(home, plan), home, Path(), prepared)
    rates: list[float] = []
    losses: list[float] = []
    with closing(try_rates(job, group, steps)) as events:
        for event in events:
            if isinstance(event, RateTried):
                rates.append(event.rate)
                losses.append(event.loss)
                progress(event.step, event.steps, f"Trying a rate of {event.rate:.1g}")
            elif isinstance(event, Prepared):
                prepared(event)
    return RateCurve(group, tuple(rates), tuple(losses))
