"""The table of a dataset: made from photos, its labels as words or as numbers, kept as parquet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.dataset import MISSING, Dataset, Task
from core.datasets.limits import CLASSES, LABEL_LETTERS
from core.datasets.originals import Photo
from core.datasets.sources.names import natural_order, tidy
from core.errors import BadDataset

ID_LETTERS = 16  # of the hash; equal files get a number behind it


def tabulate(photos: Sequence[Photo], taken: Iterable[str] = ()) -> pd.DataFrame:
    """A row per photo, without split; labels in words in columns named like tasks' columns, None where missing.

    taken: image ids that are in use already.
    """
    table = pd.DataFrame(
        {
            "image_id": _image_ids([photo.hash for photo in photos], taken),
            "name": [photo.name for photo in photos],
            "hash": [photo.hash for photo in photos],
            "file": [photo.file for photo in photos],
            "width": np.array([photo.width for photo in photos], dtype=np.int64),
            "height": np.array([photo.height for photo in photos], dtype=np.int64),
            "group": pd.Series([photo.group for photo in photos], dtype=object),
        }
    )
    for task in dict.fromkeys(task for photo in photos for task in photo.labels):
        words = [clean_label(photo.labels.get(task, "")) or None for photo in photos]
        table[Task(task, ()).column] = pd.Series(words, dtype=object)
    return table


def clean_label(label: str) -> str:
    return tidy(label)[:LABEL_LETTERS]


def _image_ids(hashes: Sequence[str], taken: Iterable[str]) -> list[str]:
    """The same photo gets the same id wherever and whenever it comes in."""
    used, ids = set(taken), []
    copies: Counter[str] = Counter()
    for digest in hashes:
        image_id = digest[:ID_LETTERS]
        while image_id in used:
            copies[digest] += 1
            image_id = f"{digest[:ID_LETTERS]}-{copies[digest] + 1}"
        used.add(image_id)
        ids.append(image_id)
    return ids


def encode(table: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, tuple[Task, ...]]:
    """Labels in words become indices into the tasks' classes, which stand in natural order.

    A class that no photo has is none. Raises BadDataset for more classes than a head can tell apart.
    """
    tasks, encoded = [], table.copy()
    for name in names:
        column = Task(name, ()).column
        classes = tuple(sorted(table[column].dropna().unique(), key=natural_order))
        refuse_too_many(name, len(classes))
        task = Task(name, classes)
        index = {label: number for number, label in enumerate(classes)}
        numbers = [index.get(label, MISSING) for label in table[column].where(table[column].notna(), None)]
        encoded[column] = np.array(numbers, dtype=np.int64)
        tasks.append(task)
    return encoded, tuple(tasks)


def refuse_too_many(task: str, classes: int) -> None:
    if classes > CLASSES:
        raise BadDataset(
            f'"{task}" has {classes:,} classes; Graft tells at most {CLASSES:,} apart.',
            "If these are file numbers or dates rather than classes, choose another column or other folders.",
        )


def in_words(dataset: Dataset) -> pd.DataFrame:
    """The dataset's table with labels in words, None where missing: the form in which labels are changed."""
    table = dataset.table.copy()
    for task in dataset.tasks:
        words = np.array([*task.classes, None], dtype=object)  # MISSING is -1: the last
        table[task.column] = pd.Series(words[dataset.labels(task)], index=table.index, dtype=object)
    return table


def label_matrix(table: pd.DataFrame, tasks: Sequence[Task]) -> np.ndarray:
    """int64 [photos, tasks], MISSING where there is none."""
    return table[[task.column for task in tasks]].to_numpy(dtype=np.int64)


def read_table(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    # parquet gives missing words back as NaN, which is true and equals nothing
    table["group"] = table["group"].astype(object).where(table["group"].notna(), None)
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)
