"""What a dataset is: a table with a row per image, and a column per task."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from core.tasks import Split, Task, label_kind


@dataclass(frozen=True)
class Rejected:
    """A file that could not become a photo, and why, in one sentence."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """One version of a dataset; it never changes.

    table: a row per image, in a fixed order, with the columns
        image_id  str, unique within the dataset and the same in every version
        name      str, what the file was called where it came from
        hash      str, SHA-256 of the file's bytes, in hex
        file      str, the original's place below `folder`, with forward slashes
        width, height  int, in pixels, as it is seen (EXIF turned)
        split     "train", "validation" or "test"
        group     str or None: photos of one thing never part between splits
        fingerprint  bytes or None: copies of one picture have nearly the same (`core.datasets.copies`)
        picture   int64, the same for photos that show one picture: equal files, and near copies
        label:<task>   as the task's kind of label stores it (`core.tasks`)
        suggested:<task>   bool: a model suggested the label, and no person gave it (`core.datasets.labelling`); the
                       column is there once there was such a label
    splits_from: "folders" when train/val/test folders were respected, else "drawn".
    tasks: none where the photos have no labels.
    before: the version that this one was made from, which Undo goes back to; 0 at the beginning.
    notes: how the source was understood, in sentences.
    """

    id: str
    name: str
    version: int
    folder: Path
    tasks: tuple[Task, ...]
    table: pd.DataFrame
    rejected: tuple[Rejected, ...] = ()
    origin: str = ""
    splits_from: Literal["folders", "drawn"] = "drawn"
    created: float = 0.0
    before: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def task(self, name: str | None = None) -> Task:
        """The task of that name; the first without one. Raises KeyError."""
        by_name = {task.name: task for task in self.tasks}
        return by_name[next(iter(by_name), "") if name is None else name]

    def indices(self, split: Split) -> np.ndarray:
        """Row numbers of one split, int64 [images]."""
        return np.flatnonzero((self.table["split"] == split).to_numpy())

    def labels(self, task: Task) -> np.ndarray:
        """Labels of all rows, [images, ...], as the task's kind gives them: int64 [images] for classes."""
        return label_kind(task).labels(self.table[task.column])

    def is_labelled(self, task: Task, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """bool [rows]: which of these rows have a label for the task."""
        return label_kind(task).is_labelled(self.labels(task)[rows])

    def is_suggested(self, task: Task) -> np.ndarray:
        """bool [photos]: whose label was taken from a model's suggestion."""
        column = suggested_column(task)
        if column not in self.table:
            return np.zeros(len(self), dtype=bool)
        return (self.table[column] == True).to_numpy(dtype=bool)  # noqa: E712 - photos that were added later have none

    def labelled_rows(self, tasks: Iterable[Task], split: Split) -> np.ndarray:
        """Row numbers of one split that have a label for at least one of the tasks, int64 [images]."""
        rows = self.indices(split)
        return rows[np.any([self.is_labelled(task, rows) for task in tasks], axis=0)]

    def groups(self, rows: np.ndarray) -> np.ndarray:
        """The group of each photo, str [rows], or what stands for its picture: photos that are alike share one, and no
        fold parts them.
        """
        table = self.table.iloc[rows]
        return table["group"].where(table["group"].notna(), table["picture"]).astype(str).to_numpy()

    def counts(self, task: Task, split: Split | None = None) -> dict[str, int]:
        """Images per class, in the order of the classes; {} for a kind of label without classes."""
        labels = self.labels(task) if split is None else self.labels(task)[self.indices(split)]
        return label_kind(task).counts(task, labels)

    def path(self, image_id: str) -> Path:
        """The original of one photo. Raises KeyError for an id that is not in this version."""
        return self.folder / str(self.table["file"].iat[self.row[image_id]])

    @cached_property
    def row(self) -> dict[str, int]:
        """Row number by image_id."""
        return {image_id: number for number, image_id in enumerate(self.table["image_id"])}


def suggested_column(task: Task) -> str:
    return f"suggested:{task.name}"


@dataclass(frozen=True)
class DatasetSummary:
    """What a list of datasets shows, without reading a table. counts: images per split. damage: what of it cannot be
    read any more, in a sentence; "" as a rule. A damaged one may have no tasks.
    """

    id: str
    name: str
    version: int
    created: float
    tasks: tuple[Task, ...]
    images: int
    counts: dict[str, int]
    origin: str
    hidden: bool = False
    damage: str = ""
