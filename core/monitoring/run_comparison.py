"""Two or more runs beside each other: which is better on the photos that judged both, and how their curves went."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.datasets import load_dataset
from core.errors import NotFound
from core.evaluation import compare, read_predictions
from core.home import Home
from core.monitoring.live import read_history
from core.runs import Run, run_folder
from core.tasks import Comparison, Split, Task


@dataclass(frozen=True)
class RunCurve:
    """One run's task, epoch by epoch from 1: mean loss and score on the validation photos."""

    run: Run
    losses: tuple[float, ...]
    scores: tuple[float, ...]


def common_tasks(runs: Sequence[Run]) -> tuple[str, ...]:
    """Label columns that each of the runs learned, in the order of the first."""
    return tuple(name for name in runs[0].plan.tasks if all(name in run.plan.tasks for run in runs))


def comparable_splits(first: Run, second: Run) -> tuple[Split, ...]:
    """Which photos may tell the two apart: the test photos only when they were opened for both."""
    return ("validation", "test") if first.test_opened and second.test_opened else ("validation",)


def compare_runs(home: Home, first: Run, second: Run, task: str, split: Split = "validation") -> Comparison | None:
    """The two best models on the photos of a split that judged both, whatever version of a dataset they learned from.

    None where they learned from different datasets, have no predictions, or the dataset is gone.
    """
    if first.dataset_id != second.dataset_id or split not in comparable_splits(first, second):
        return None
    try:
        column = _task(home, first, task)
    except NotFound:
        return None
    one, other = (read_predictions(run_folder(home, run.id)) for run in (first, second))
    return None if one.empty or other.empty else compare(one, other, column, split)


def _task(home: Home, run: Run, name: str) -> Task:
    source = run.plan.source
    return load_dataset(home, source.id, source.version).task(name)


def curves_by_epoch(home: Home, runs: Sequence[Run], task: str) -> list[RunCurve]:
    """The curves of a task in each run, those without an epoch left out."""
    histories = [(run, read_history(home, run.id, task)) for run in runs]
    return [
        RunCurve(
            run,
            tuple(scores.validation_loss for scores in history),
            tuple(scores.validation_accuracy for scores in history),
        )
        for run, history in histories
        if history
    ]
