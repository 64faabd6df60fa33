"""A run that has a model: what the results page and the try-it page show of it."""

from dataclasses import dataclass

import pandas as pd

from core.datasets import Dataset, load_dataset
from core.errors import NotFound
from core.evaluation import Result, load_result, read_predictions
from core.home import Home
from core.runs import Run, folder_of


@dataclass(frozen=True)
class TrainedRun:
    """result: None where the best model was not scored yet (a run that still learns, or was interrupted)."""

    run: Run
    dataset: Dataset
    predictions: pd.DataFrame
    result: Result | None

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.run.plan.tasks


def trained_run(home: Home, run: Run) -> TrainedRun:
    """Raises NotFound when its dataset is gone."""
    folder, source = folder_of(home, run.id), run.plan.source
    dataset = load_dataset(home, source.id, source.version)
    try:
        result = load_result(folder)
    except NotFound:
        result = None
    return TrainedRun(run, dataset, read_predictions(folder), result)
