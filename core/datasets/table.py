"""The table of a dataset: made from photos, its labels as words or as numbers, kept as parquet."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.copies import number_pictures
from core.datasets.dataset import Dataset
from core.datasets.limits import LABEL_LETTERS
from core.datasets.originals import Photo
from core.datasets.sources.names import tidy
from core.tasks import NO_STRATUM, Task, label_kind

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
            "fingerprint": pd.Series([photo.fingerprint for photo in photos], dtype=object),
        }
    )
    table["picture"] = number_pictures(list(table["hash"]), list(table["fingerprint"]))
    for task in dict.fromkeys(task for photo in photos for task in photo.labels):
        words = [clean_label(photo.labels.get(task, "")) or None for photo in photos]
        table[Task(task).column] = pd.Series(words, dtype=object)
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


def encode(table: pd.DataFrame, tasks: Sequence[Task]) -> tuple[pd.DataFrame, tuple[Task, ...]]:
    """Labels in words become what each task's kind of label stores, and the tasks get the classes that occur.

    Raises BadDataset for words that cannot become labels of that kind.
    """
    encoded = table.copy()
    made = []
    for task in tasks:
        found, encoded[task.column] = label_kind(task).encode(task.name, table[task.column])
        made.append(found)
    return encoded, tuple(made)


def labels_in_words(dataset: Dataset) -> pd.DataFrame:
    """The dataset's table with labels in words, None where missing: the form in which labels are edited."""
    table = dataset.table.copy()
    for task in dataset.tasks:
        words = label_kind(task).in_words(task, dataset.labels(task))
        table[task.column] = pd.Series(words, index=table.index, dtype=object)
    return table


def strata_of(table: pd.DataFrame, tasks: Sequence[Task]) -> np.ndarray:
    """The stratum of each photo for each task, int64 [photos, tasks], NO_STRATUM where there is no label; one column of
    these for photos without tasks.
    """
    if not tasks:
        return np.full((len(table), 1), NO_STRATUM, dtype=np.int64)
    kinds = [(task, label_kind(task)) for task in tasks]
    return np.stack([kind.strata(task, kind.labels(table[task.column])) for task, kind in kinds], axis=1)


def read_table(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    if "picture" not in table:  # written before there were fingerprints: equal files are still found
        table["fingerprint"] = pd.Series([None] * len(table), dtype=object)
        table["picture"] = number_pictures(list(table["hash"]), list(table["fingerprint"]))
    # parquet gives missing words back as NaN, which is true and equals nothing
    for column in ("group", "fingerprint"):
        table[column] = table[column].astype(object).where(table[column].notna(), None)
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)
