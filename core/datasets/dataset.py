"""What a dataset is: a table with a row per image, and a column per task."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
LABEL = "label:"  # begins the columns that are labels, in a table and in a file of one
MISSING = -1  # the label of an image that has none for a task


@dataclass(frozen=True)
class Task:
    """One label column: its name and its classes, in order. A label is an index into `classes`."""

    name: str
    classes: tuple[str, ...]

    @property
    def column(self) -> str:
        return f"{LABEL}{self.name}"


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
        label:<task>   int, an index into the task's classes, or MISSING
    splits_from: "folders" when train/val/test folders were respected, else "drawn".
    before: the version that this one was made from, which Undo goes back to; 0 at the beginning.
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

    def __len__(self) -> int:
        return len(self.table)

    def task(self, name: str | None = None) -> Task:
        """The task of that name; the first without one. Raises KeyError."""
        if name is None:
            return self.tasks[0]
        return {task.name: task for task in self.tasks}[name]

    def indices(self, split: Split) -> np.ndarray:
        """Row numbers of one split, int64 [images]."""
        return np.flatnonzero((self.table["split"] == split).to_numpy())

    def labels(self, task: Task) -> np.ndarray:
        """Class index per row, int64 [images]; MISSING where there is none."""
        return self.table[task.column].to_numpy(dtype=np.int64)

    def counts(self, task: Task, split: Split | None = None) -> dict[str, int]:
        """Images per class, in the order of the classes."""
        labels = self.labels(task) if split is None else self.labels(task)[self.indices(split)]
        found = np.bincount(labels[labels != MISSING], minlength=len(task.classes))
        return dict(zip(task.classes, found.tolist(), strict=True))

    def path(self, image_id: str) -> Path:
        """The original of one photo. Raises KeyError for an id that is not in this version."""
        return self.folder / str(self.table["file"].iat[self.row[image_id]])

    @cached_property
    def row(self) -> dict[str, int]:
        """Row number by image_id."""
        return {image_id: number for number, image_id in enumerate(self.table["image_id"])}


@dataclass(frozen=True)
class DatasetSummary:
    """What a list of datasets shows, without reading a table. counts: images per split."""

    id: str
    name: str
    version: int
    created: float
    tasks: tuple[Task, ...]
    images: int
    counts: dict[str, int]
    origin: str
    hidden: bool = False
