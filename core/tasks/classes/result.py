"""How well classes are told apart: accuracy, confusion, and precision, recall and F1 of each class."""

from functools import cached_property

import numpy as np
import pandas as pd

from core.tasks.classes.summary import headline, where_the_mistakes_are
from core.tasks.intervals import Frozen, Interval, f1_margin, margin
from core.tasks.kind import SplitResult, WordTable
from core.tasks.task import Split, Task

LISTED = 50  # classes, beyond which a card names only how many there are


class ClassResult(Frozen):
    """One class on one split. A figure is None where no image could tell: none of the class, or none taken for it."""

    name: str
    images: int
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


class ClassesResult(SplitResult):
    """One task on one split. right: images whose class was predicted. accuracy: None without a labelled image.

    cells: (true, predicted, images) for each pair of classes that occurs; `confusion` is the whole of it.
    """

    right: int
    accuracy: Interval | None
    classes: tuple[ClassResult, ...]
    cells: tuple[tuple[int, int, int], ...]

    @property
    def figure(self) -> Interval | None:
        return self.accuracy

    @cached_property
    def confusion(self) -> np.ndarray:
        """int64 [classes, classes], images by true class (rows) and predicted class (columns)."""
        counts = np.zeros((len(self.classes), len(self.classes)), np.int64)
        for true, predicted, images in self.cells:
            counts[true, predicted] = images
        return counts


def evaluate(task: Task, split: Split, rows: pd.DataFrame) -> ClassesResult:
    """The result of one split from its labelled predictions."""
    labels, predicted = (rows[column].to_numpy(np.int64) for column in ("label", "predicted"))
    counts = confusion_matrix(labels, predicted, len(task.classes))
    images, right = len(rows), int(counts.trace())
    return ClassesResult(
        split=split,
        images=images,
        right=right,
        accuracy=margin(right, images) if images else None,
        loss=float(rows["loss"].mean()) if images else None,
        classes=tuple(_class_result(name, counts, index) for index, name in enumerate(task.classes)),
        cells=tuple((int(i), int(j), int(counts[i, j])) for i, j in np.argwhere(counts)),
        title=headline(counts, task.classes),
        sentence=where_the_mistakes_are(counts, task.classes),
    )


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 [classes, classes]: images by true class (rows) and predicted class (columns)."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def result_table(result: ClassesResult) -> WordTable | None:
    """Recall and precision of each class; None of more than 50 classes."""
    if len(result.classes) > LISTED:
        return None
    return WordTable(
        f"By class, on the {result.split} photos:",
        ("class", "photos", "of its photos, found", "of its answers, right"),
        tuple((c.name, f"{c.images:,}", _text(c.recall), _text(c.precision)) for c in result.classes),
    )


def _class_result(name: str, counts: np.ndarray, index: int) -> ClassResult:
    images, predicted, right = int(counts[index].sum()), int(counts[:, index].sum()), int(counts[index, index])
    return ClassResult(
        name=name,
        images=images,
        precision=margin(right, predicted) if predicted else None,
        recall=margin(right, images) if images else None,
        f1=f1_margin(right, images - right, predicted - right) if images or predicted else None,
    )


def _text(interval: Interval | None) -> str:
    return "unknown" if interval is None else interval.text
