"""Runs that differ from another one in a single thing, found by their plans."""

from collections.abc import Sequence

from core.home import Home
from core.plans import Plan
from core.runs import HAS_RESULTS, Run, has_best, list_runs


def find_counterparts(home: Home, plans: Sequence[Plan]) -> list[Run | None]:
    """For each plan, the run that carried it out: the newest with a model, else the newest that may still get one;
    None where there is none but those that failed or were stopped before they had a model.
    """
    runs = list_runs(home)
    return [_furthest(home, [run for run in runs if run.plan == plan]) for plan in plans]


def has_model(home: Home, run: Run) -> bool:
    """Whether its best model is final and was evaluated."""
    return run.state in HAS_RESULTS and has_best(home, run.id)


def _furthest(home: Home, runs: Sequence[Run]) -> Run | None:
    """runs: newest first."""
    done = next((run for run in runs if has_model(home, run)), None)
    return done or next((run for run in runs if run.state not in (*HAS_RESULTS, "failed")), None)
