"""A version never changes: each of these makes the next one, out of the newest there is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.datasets.dataset import Dataset
from core.datasets.registry import new_version
from core.datasets.splitting import SplitPlan, draw_splits
from core.datasets.table import clean_label, encode, labels_in_words, strata_of
from core.errors import BadInput, NotFound, Refused
from core.home import Home
from core.tasks import Task


def split_again(home: Home, dataset: Dataset, split: SplitPlan) -> Dataset:
    """Splits drawn afresh over all photos, given folders put aside. Raises NotFound."""

    def change(newest: Dataset) -> Dataset:
        table = newest.table.copy()
        strata = strata_of(table, newest.tasks)
        table["split"] = draw_splits(strata, list(table["group"]), list(table["hash"]), split)
        return replace(newest, table=table, splits_from="drawn")

    return new_version(home, dataset.id, change)


def relabel(home: Home, dataset: Dataset, image_ids: Iterable[str], task: str, label: str) -> Dataset:
    """Another class for these photos, which may be a new one; "" takes the label away.

    A class that loses its last photo is gone. Raises NotFound (task or photos), BadInput, Refused.
    """
    wanted, label = set(image_ids), clean_label(label)

    def change(newest: Dataset) -> Dataset:
        column = _task_column(newest, task)
        table = labels_in_words(newest)
        table.loc[_chosen(newest, wanted), column] = label or None
        return _with_labels(newest, table)

    return new_version(home, dataset.id, change)


def set_kind(home: Home, dataset: Dataset, task: str, kind: str) -> Dataset:
    """Read the labels of a task as another kind of label (a key of `core.tasks.KINDS`), in the splits that there are.

    Raises NotFound (no such task), BadDataset (words that are no labels of that kind, or no such kind).
    """

    def change(newest: Dataset) -> Dataset:
        _task_column(newest, task)
        tasks = [replace(each, kind=kind) if each.name == task else each for each in newest.tasks]
        return _encoded(newest, labels_in_words(newest), tasks)

    return new_version(home, dataset.id, change)


def leave_out(home: Home, dataset: Dataset, image_ids: Iterable[str]) -> Dataset:
    """Without these photos; their files stay for the versions that have them. Raises NotFound, Refused."""
    wanted = set(image_ids)

    def change(newest: Dataset) -> Dataset:
        keep = ~_chosen(newest, wanted)
        if not keep.any():
            raise Refused("That would leave no photo at all.", "Delete the dataset instead.")
        return _with_labels(newest, labels_in_words(newest)[keep].reset_index(drop=True))

    return new_version(home, dataset.id, change)


def _with_labels(dataset: Dataset, words: pd.DataFrame) -> Dataset:
    for task in dataset.tasks:
        if words[task.column].isna().all():
            raise Refused(f'That would leave no photo with a label for "{task.name}".', "Delete the dataset instead.")
    return _encoded(dataset, words, dataset.tasks)


def _encoded(dataset: Dataset, words: pd.DataFrame, tasks: Sequence[Task]) -> Dataset:
    table, tasks = encode(words, tasks)
    return replace(dataset, table=table, tasks=tasks)


def _chosen(dataset: Dataset, image_ids: set[str]) -> np.ndarray:
    """bool [photos]. Raises when none of them is there: the photos were left out meanwhile."""
    chosen = dataset.table["image_id"].isin(image_ids).to_numpy()
    if not image_ids:
        raise BadInput("No photo is chosen.", "Choose one or more first.")
    if not chosen.any():
        raise NotFound(f'None of these photos is in "{dataset.name}" any more.', "Load the page again.")
    return chosen


def _task_column(dataset: Dataset, name: str) -> str:
    names = [task.name for task in dataset.tasks]
    if name not in names:
        raise NotFound(f'"{dataset.name}" has no label column called "{name}".', f"There are: {', '.join(names)}.")
    return dataset.task(name).column
