"""How the loss of many runs went, small enough for a list."""

import math
from collections.abc import Sequence

from core.home import Home, database
from core.runs import Run

POINTS = 32


def sparklines(home: Home, runs: Sequence[Run], points: int = POINTS) -> dict[str, list[float]]:
    """By id, the validation loss of each run's first task after each epoch, thinned to so many points at most.

    The first, the last and the lowest are always among them. A run without an epoch has an empty list.
    """
    with database(home) as db:
        return {
            run.id: thinned(
                [
                    row["value"]
                    for row in db.execute(
                        "SELECT value FROM curves WHERE run_id = ? AND name = ? AND value IS NOT NULL ORDER BY step",
                        (run.id, f"{run.plan.tasks[0]}/loss/validation"),
                    )
                ],
                points,
            )
            for run in runs
        }


def thinned(values: Sequence[float], points: int) -> list[float]:
    """Evenly chosen values, with the first, the last and the lowest; six digits each."""
    if len(values) > points:
        step = (len(values) - 1) / (points - 2)
        kept = {round(number * step) for number in range(points - 1)} | {values.index(min(values))}
        values = [values[number] for number in sorted(kept)]
    return [float(f"{value:.6g}") for value in values if math.isfinite(value)]
