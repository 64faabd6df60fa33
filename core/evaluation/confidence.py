"""How often the model is right when it is this sure."""

import pandas as pd

from core.datasets import Task
from core.evaluation.margins import Interval, margin
from core.evaluation.predictions import labelled

NEAR = 0.05  # confidences this close count as "this sure"
FEWEST = 20  # photos, below which nothing is said


def accuracy_at_confidence(predictions: pd.DataFrame, task: Task, confidence: float) -> Interval | None:
    """The share of validation photos answered with about this confidence (0 to 1) that were right.

    None where fewer than 20 photos can tell.
    """
    rows = labelled(predictions, task, "validation")
    near = rows[(rows["confidence"] - confidence).abs() <= NEAR]
    if len(near) < FEWEST:
        return None
    return margin(int((near["label"] == near["predicted"]).sum()), len(near))
