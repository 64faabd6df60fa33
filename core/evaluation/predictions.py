"""The table of a model's predictions: a row per image and task, in `predictions.parquet`.

image_id       str
split          "train", "validation" or "test"
task           str, the task's name
and the columns of the task's kind of label (`LabelKind.prediction_columns`), among them
label          as the dataset has it
predicted      alike, what the model takes the image for
loss           float, as the kind defines it; nan where the label is missing
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import Damaged
from core.home import whole_file
from core.tasks import KINDS, Comparison, Split, Task, label_kind

FILE = "predictions.parquet"
COLUMNS = ("image_id", "split", "task")


def predictions_table(
    image_ids: Sequence[str], split: Split, task: Task, labels: np.ndarray, logits: np.ndarray
) -> pd.DataFrame:
    """The rows of one task and split from labels [images, ...] and logits [images, head width]."""
    kind = label_kind(task)
    rows = {"image_id": list(image_ids), "split": split, "task": task.name, **kind.predictions(task, labels, logits)}
    return pd.DataFrame(rows, columns=[*COLUMNS, *kind.prediction_columns])


def write_predictions(folder: Path, predictions: pd.DataFrame, file: str = FILE) -> None:
    """Into a run's folder, whole. file: another one than that of the run's own dataset. Raises DiskFull."""
    with whole_file(folder / file) as part:
        predictions.to_parquet(part, index=False)


def read_predictions(folder: Path, file: str = FILE) -> pd.DataFrame:
    """A run's predictions; an empty table when it has none yet. Raises Damaged."""
    path = folder / file
    try:
        if path.exists():
            return pd.read_parquet(path)
    except (OSError, ValueError, KeyError) as error:
        sentence = f'The predictions of this run, "{path}", cannot be read: they are damaged.'
        raise Damaged(sentence, "Train it again, or delete it under All runs.") from error
    return pd.DataFrame(
        columns=[*COLUMNS, *dict.fromkeys(c for kind in KINDS.values() for c in kind.prediction_columns)]
    )


def labelled_predictions(predictions: pd.DataFrame, task: Task, split: Split) -> pd.DataFrame:
    """The rows of one task and split whose label is known."""
    rows = predictions[(predictions["task"] == task.name) & (predictions["split"] == split)]
    return rows[label_kind(task).is_labelled(rows["label"])]


def compare(first: pd.DataFrame, second: pd.DataFrame, task: Task, split: Split = "validation") -> Comparison:
    """Two models on the images that both tables of predictions hold, image by image."""
    one, other = (labelled_predictions(each, task, split) for each in (first, second))
    return label_kind(task).compare(one, other)
