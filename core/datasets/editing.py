"""A version never changes: each of these makes the next one, out of the newest there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.datasets.copies import in_several_splits
from core.datasets.dataset import Dataset, suggested_column
from core.datasets.registry import new_version
from core.datasets.splitting import USUAL_SPLIT, SplitPlan, draw_splits, units
from core.datasets.table import clean_label, encode, labels_in_words, strata_of
from core.errors import BadInput, NotFound, Refused
from core.home import Home
from core.tasks import SPLITS, Split, Task, same_spelling, similar_names


def split_again(home: Home, dataset: Dataset, split: SplitPlan) -> Dataset:
    """Splits drawn afresh over all photos, given folders put aside; what a model labelled stays in train. Raises
    NotFound.
    """

    def change(newest: Dataset) -> Dataset:
        table = newest.table.copy()
        strata = strata_of(table, newest.tasks)
        fixed = fixed_splits(newest)
        table["split"] = draw_splits(strata, list(table["group"]), list(table["picture"]), split, fixed)
        return replace(newest, table=table, splits_from="drawn")

    return new_version(home, dataset.id, change)


def relabel(home: Home, dataset: Dataset, image_ids: Iterable[str], task: str, label: str) -> Dataset:
    """Another class for these photos, which may be a new one; "" takes the label away.

    A name that is spelled like that of a class there is (`core.tasks.similar_names`) means that class. A class that
    loses its last photo is gone. Raises NotFound (task or photos), BadInput, Refused.
    """
    wanted, label = set(image_ids), clean_label(label)

    def change(newest: Dataset) -> Dataset:
        column = task_column(newest, task)
        table, chosen = labels_in_words(newest), _chosen(newest, wanted)
        table.loc[chosen, column] = known_spelling(label, newest.task(task).classes) or None
        if (mark := suggested_column(newest.task(task))) in table:
            table.loc[chosen, mark] = False
        return with_labels(newest, table)

    return new_version(home, dataset.id, change)


def add_task(
    home: Home, dataset: Dataset, task: str, labels: Mapping[str, str], split: SplitPlan = USUAL_SPLIT
) -> Dataset:
    """A label column for photos that have none, and splits drawn afresh, each class alike.

    labels: classes by image_id; a photo that is missing in it stays without a label. Names that are spelled alike are
    one class. Raises BadInput (no label), Refused (the photos have labels by now).
    """
    spelled: dict[str, str] = {}
    words = {image_id: clean_label(label) for image_id, label in labels.items()}
    words = {image_id: spelled.setdefault(same_spelling(word), word) for image_id, word in words.items() if word}

    def change(newest: Dataset) -> Dataset:
        if newest.tasks:
            raise Refused(f'The photos of "{newest.name}" have labels by now.', "Load the page again.")
        table, column = newest.table.copy(), Task(task)
        table[column.column] = pd.Series(
            [words.get(image_id) for image_id in table["image_id"]], index=table.index, dtype=object
        )
        if table[column.column].isna().all():
            raise BadInput("None of the photos gets a label.", "Name what at least one of them shows.")
        labelled = _encoded(newest, table, [column])
        table = labelled.table.copy()
        strata = strata_of(table, labelled.tasks)
        table["split"] = draw_splits(strata, list(table["group"]), list(table["picture"]), split)
        return replace(labelled, table=table, splits_from="drawn")

    return new_version(home, dataset.id, change)


def gather_copies(home: Home, dataset: Dataset) -> Dataset:
    """Copies of one picture in one split: the one that teaches where any of them teaches, else the one that validates.

    What belongs to them by group comes along. Raises Refused (nothing lies in more than one split).
    """

    def change(newest: Dataset) -> Dataset:
        table = newest.table.copy()
        torn = _torn_pictures(newest)
        unit = units(list(table["group"]), list(table["picture"]))
        number = table["split"].map(SPLITS.index).to_numpy()
        first = np.full(len(table), len(SPLITS))
        np.minimum.at(first, unit, number)
        moved = np.isin(unit, unit[torn])
        table["split"] = np.array(SPLITS, dtype=object)[np.where(moved, first[unit], number)]
        return replace(newest, table=table)

    return new_version(home, dataset.id, change)


def leave_out_copies(home: Home, dataset: Dataset) -> Dataset:
    """Of copies that lie in several splits only those that test, or else validate: the test stays as others know it.

    Raises Refused (nothing lies in more than one split; a task would have no label left).
    """

    def change(newest: Dataset) -> Dataset:
        torn = _torn_pictures(newest)
        number = newest.table["split"].map(SPLITS.index)
        last = number.groupby(newest.table["picture"]).transform("max")
        keep = ~torn | (number == last).to_numpy()
        return with_labels(newest, labels_in_words(newest)[keep].reset_index(drop=True))

    return new_version(home, dataset.id, change)


def _torn_pictures(dataset: Dataset) -> np.ndarray:
    """bool [photos]: whose picture lies in more than one split. Raises Refused when there is none."""
    torn = in_several_splits(dataset.table)
    if not torn.any():
        raise Refused("No photo lies in more than one split any more.", "Load the page again.")
    return torn


def rename_class(home: Home, dataset: Dataset, task: str, old: str, new: str) -> Dataset:
    """Another name for a class; where a class is called so already, the two become one.

    Raises NotFound (task or class), BadInput (no name).
    """
    new = clean_label(new)
    if not new:
        raise BadInput("The class has no name.", "Give it one, such as what its photos show.")
    return join_classes(home, dataset, task, [old], new)


def join_classes(home: Home, dataset: Dataset, task: str, names: Sequence[str], into: str) -> Dataset:
    """All photos of these classes in one class called `into`. Raises NotFound (task or classes)."""
    wanted = set(names)

    def change(newest: Dataset) -> Dataset:
        column = task_column(newest, task)
        classes = newest.task(task).classes
        if missing := [name for name in names if name not in classes]:
            raise NotFound(f'"{newest.name}" has no class called "{missing[0]}" any more.', "Load the page again.")
        table = labels_in_words(newest)
        table[column] = table[column].where(~table[column].isin(wanted), into)
        return with_labels(newest, table)

    return new_version(home, dataset.id, change)


def join_similar_classes(home: Home, dataset: Dataset) -> Dataset:
    """Classes that are spelled alike (`core.tasks.similar_names`) become one, under the name that most photos have.

    Raises Refused (there are none).
    """

    def change(newest: Dataset) -> Dataset:
        table, joined = labels_in_words(newest), 0
        for task in newest.tasks:
            counts = newest.counts(task)
            groups = similar_names(task.classes)
            into = {name: max(names, key=counts.__getitem__) for names in groups for name in names}
            table[task.column] = pd.Series(
                [into.get(w, w) for w in table[task.column]], index=table.index, dtype=object
            )
            joined += len(groups)
        if not joined:
            raise Refused("No two classes are spelled alike any more.", "Load the page again.")
        return with_labels(newest, table)

    return new_version(home, dataset.id, change)


def set_kind(home: Home, dataset: Dataset, task: str, kind: str) -> Dataset:
    """Read the labels of a task as another kind of label (a key of `core.tasks.KINDS`), in the splits that there are.

    Raises NotFound (no such task), BadDataset (words that are no labels of that kind, or no such kind).
    """

    def change(newest: Dataset) -> Dataset:
        task_column(newest, task)
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
        return with_labels(newest, labels_in_words(newest)[keep].reset_index(drop=True))

    return new_version(home, dataset.id, change)


def fixed_splits(dataset: Dataset) -> list[Split | None] | None:
    """The split of each photo that may not move: train for those whose label a model suggested. None where none is."""
    marks = np.any([np.zeros(len(dataset), bool), *(dataset.is_suggested(task) for task in dataset.tasks)], axis=0)
    return ["train" if mark else None for mark in marks] if marks.any() else None


def with_labels(dataset: Dataset, words: pd.DataFrame) -> Dataset:
    """The dataset with another table, whose labels are in words. Raises Refused (a task would have no label left)."""
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


def known_spelling(label: str, classes: Sequence[str]) -> str:
    """The class that a typed name means: itself where there is one, else the first that is spelled alike, else new."""
    if label in classes:
        return label
    return next((name for name in classes if same_spelling(name) == same_spelling(label)), label)


def task_column(dataset: Dataset, name: str) -> str:
    """Raises NotFound."""
    names = [task.name for task in dataset.tasks]
    if name not in names:
        raise NotFound(f'"{dataset.name}" has no label column called "{name}".', f"There are: {', '.join(names)}.")
    return dataset.task(name).column
