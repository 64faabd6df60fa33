"""How good a model is: what `results.json` of a run holds, each figure with its margin."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from core.datasets import SPLITS, Split, Task
from core.errors import NotFound
from core.evaluation.margins import Frozen, Interval, f1_margin, margin
from core.evaluation.predictions import labelled
from core.evaluation.summary import headline, where_the_mistakes_are
from core.home import write_json

FILE = "results.json"


class ClassResult(Frozen):
    """One class on one split. A figure is None where no image could tell: none of the class, or none taken for it."""

    name: str
    images: int
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


class SplitResult(Frozen):
    """One task on one split. accuracy and loss are None when no image of it is labelled.

    cells: (true, predicted, images) for each pair of classes that occurs; `confusion` is the whole of it.
    title, sentence: the same in words.
    """

    split: Split
    images: int
    right: int
    accuracy: Interval | None
    loss: float | None
    classes: tuple[ClassResult, ...]
    cells: tuple[tuple[int, int, int], ...]
    title: str
    sentence: str

    @cached_property
    def confusion(self) -> np.ndarray:
        """int64 [classes, classes], images by what they are (rows) and what the model says (columns)."""
        counts = np.zeros((len(self.classes), len(self.classes)), np.int64)
        for true, predicted, images in self.cells:
            counts[true, predicted] = images
        return counts


class TaskResult(Frozen):
    """One task's results, by split; a split that was not looked at is not there."""

    task: str
    classes: tuple[str, ...]
    splits: dict[Split, SplitResult]

    @property
    def validation(self) -> SplitResult:
        return self.splits["validation"]

    @property
    def test(self) -> SplitResult | None:
        return self.splits.get("test")


class Result(Frozen):
    """A run's results. epoch: the one whose model was kept, from 1."""

    epoch: int
    tasks: tuple[TaskResult, ...]

    def task(self, name: str | None = None) -> TaskResult:
        """The task of that name; the first without one. Raises KeyError."""
        return self.tasks[0] if name is None else {task.task: task for task in self.tasks}[name]


def make_result(predictions: pd.DataFrame, tasks: Sequence[Task], epoch: int) -> Result:
    """The results of all splits that the predictions hold, and of validation even if it has no image."""
    present = [s for s in SPLITS if s == "validation" or (predictions["split"] == s).any()]
    return Result(
        epoch=epoch,
        tasks=tuple(
            TaskResult(
                task=task.name,
                classes=task.classes,
                splits={split: evaluate(predictions, task, split) for split in present},
            )
            for task in tasks
        ),
    )


def evaluate(predictions: pd.DataFrame, task: Task, split: Split) -> SplitResult:
    """One task on one split; images without a label are left out."""
    rows = labelled(predictions, task, split)
    counts = confusion_of(rows["label"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64), len(task.classes))
    images, right = len(rows), int(counts.trace())
    return SplitResult(
        split=split,
        images=images,
        right=right,
        accuracy=margin(right, images) if images else None,
        loss=float(rows["loss"].mean()) if images else None,
        classes=tuple(_class_result(name, counts, at) for at, name in enumerate(task.classes)),
        cells=tuple((int(i), int(j), int(counts[i, j])) for i, j in np.argwhere(counts)),
        title=headline(counts, task.classes),
        sentence=where_the_mistakes_are(counts, task.classes),
    )


def confusion_of(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 [classes, classes]: images by label (rows) and answer (columns)."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def save_result(folder: Path, result: Result) -> None:
    """Into a run's folder, whole. Raises DiskFull."""
    write_json(folder / FILE, result.model_dump(mode="json"))


def load_result(folder: Path) -> Result:
    """A run's results. Raises NotFound when it has none (yet), or none that can be read."""
    try:
        return Result.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError as error:
        raise NotFound("This run has no results yet.", "Wait until it has finished.") from error
    except ValidationError as error:
        raise NotFound(f'"{folder / FILE}" does not hold results as this Graft writes them.', "Train again.") from error


def _class_result(name: str, counts: np.ndarray, at: int) -> ClassResult:
    images, answers, right = int(counts[at].sum()), int(counts[:, at].sum()), int(counts[at, at])
    return ClassResult(
        name=name,
        images=images,
        precision=margin(right, answers) if answers else None,
        recall=margin(right, images) if images else None,
        f1=f1_margin(right, images - right, answers - right) if images or answers else None,
    )
