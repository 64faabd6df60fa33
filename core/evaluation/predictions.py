"""The table of a model's answers: a row per image and task, in `predictions.parquet`.

image_id       str
split          "train", "validation" or "test"
task           str, the task's name
label          int, index into the task's classes, or MISSING
predicted      int, the class with the highest probability
confidence     float, that probability
loss           float, cross-entropy in nats; nan where the label is missing
probabilities  list of float, in the order of the task's classes
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from core.datasets import MISSING, Split, Task
from core.home import whole_file

FILE = "predictions.parquet"
COLUMNS = ("image_id", "split", "task", "label", "predicted", "confidence", "loss", "probabilities")


def predictions_table(
    image_ids: Sequence[str], split: Split, task: Task, labels: np.ndarray, logits: np.ndarray
) -> pd.DataFrame:
    """The rows of one task and split from labels [images] and logits [images, classes]."""
    logs = log_softmax(np.asarray(logits, np.float64), axis=1)
    probabilities = np.exp(logs)
    labels = np.asarray(labels, np.int64)
    predicted = logs.argmax(axis=1) if len(logs) else np.empty(0, np.int64)
    own = logs[np.arange(len(labels)), np.maximum(labels, 0)]
    return pd.DataFrame(
        {
            "image_id": list(image_ids),
            "split": split,
            "task": task.name,
            "label": labels,
            "predicted": predicted,
            "confidence": probabilities.max(axis=1) if len(logs) else np.empty(0),
            "loss": np.where(labels == MISSING, np.nan, -own),
            "probabilities": list(probabilities.astype(np.float32)),
        },
        columns=COLUMNS,
    )


def write_predictions(folder: Path, predictions: pd.DataFrame) -> None:
    """Into a run's folder, whole. Raises DiskFull."""
    with whole_file(folder / FILE) as part:
        predictions.to_parquet(part, index=False)


def read_predictions(folder: Path) -> pd.DataFrame:
    """A run's predictions; an empty table when it has none yet."""
    path = folder / FILE
    return pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=COLUMNS)


def labelled(predictions: pd.DataFrame, task: Task, split: Split) -> pd.DataFrame:
    """The rows of one task and split whose label is known."""
    wanted = (predictions["task"] == task.name) & (predictions["split"] == split) & (predictions["label"] != MISSING)
    return predictions[wanted]


def most_wrong(predictions: pd.DataFrame, task: Task, count: int, split: Split = "validation") -> pd.DataFrame:
    """The images that it got wrong while being surest of its answer, surest first."""
    rows = labelled(predictions, task, split)
    wrong = rows[rows["label"] != rows["predicted"]]
    return wrong.sort_values(["confidence", "image_id"], ascending=[False, True]).head(count)


def cell(
    predictions: pd.DataFrame, task: Task, true: int, predicted: int, split: Split = "validation"
) -> tuple[str, ...]:
    """The images of class `true` that were taken for class `predicted`, the surest first: one cell of the confusion."""
    rows = labelled(predictions, task, split)
    there = rows[(rows["label"] == true) & (rows["predicted"] == predicted)]
    return tuple(there.sort_values(["confidence", "image_id"], ascending=[False, True])["image_id"])
