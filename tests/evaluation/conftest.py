"""Predictions made by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from core.evaluation import predictions_table
from core.tasks import Task

CLOTHES = Task("clothes", ("t-shirt", "shoes", "短袖"))


@pytest.fixture
def clothes() -> Task:
    return CLOTHES


@pytest.fixture
def answers() -> Callable[..., pd.DataFrame]:
    """answers([0, 1], [0, 2]): predictions of images "0", "1" of these labels that the model took for those classes."""

    def table(
        labels: list[int],
        predicted: list[int],
        confidences: list[float] | None = None,
        split: str = "validation",
        task: Task = CLOTHES,
    ) -> pd.DataFrame:
        logits = np.zeros((len(labels), len(task.classes)))
        for row, (said, confidence) in enumerate(zip(predicted, confidences or [2.0] * len(labels), strict=True)):
            logits[row, said] = confidence
        return predictions_table([str(i) for i in range(len(labels))], split, task, np.array(labels), logits)  # type: ignore[arg-type]

    return table
