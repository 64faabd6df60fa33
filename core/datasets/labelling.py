"""Labels given to photos that had none: by a person, one photo after the other, or taken from what a model suggests.

Taken ones are marked in the table (`suggested_column`), lie in train and stay there, so that no figure is ever measured
by what a model said, and they can be taken back together. Whoever labels such a photo anew makes the label a person's.
"""

from collections.abc import Mapping

import numpy as np

from core.datasets.dataset import Dataset, suggested_column
from core.datasets.editing import known_spelling, task_column, with_labels
from core.datasets.registry import new_version
from core.datasets.table import clean_label, labels_in_words
from core.errors import BadInput, NotFound, Refused
from core.home import Home
from core.tasks import Task


def give_labels(home: Home, dataset: Dataset, task: str, labels: Mapping[str, str]) -> Dataset:
    """Labels by image id, as a person gave them, in one new version. A class may be new.

    Raises NotFound (task, or all of the photos), BadInput (no label).
    """
    return new_version(home, dataset.id, lambda newest: _labelled(newest, task, labels, suggested=False))


def take_suggestions(home: Home, dataset: Dataset, task: str, labels: Mapping[str, str]) -> Dataset:
    """Labels by image id that a model suggested and a person looked through; only photos in train without a label get
    one. Raises NotFound (task, or all of the photos), BadInput (no label).
    """
    return new_version(home, dataset.id, lambda newest: _labelled(newest, task, labels, suggested=True))


def take_back_suggestions(home: Home, dataset: Dataset, task: str) -> Dataset:
    """All labels of a task that were taken from suggestions are gone. Raises NotFound, Refused (there are none)."""

    def change(newest: Dataset) -> Dataset:
        column, marks = task_column(newest, task), newest.is_suggested(newest.task(task))
        if not marks.any():
            raise Refused("No label is a suggestion that was taken any more.", "Load the page again.")
        table = labels_in_words(newest)
        table.loc[marks, column] = None
        table[suggested_column(newest.task(task))] = False
        return with_labels(newest, table)

    return new_version(home, dataset.id, change)


def open_to_suggestions(dataset: Dataset, task: Task) -> np.ndarray:
    """bool [photos]: in train and without a label. Photos that judge are labelled by persons alone."""
    return (dataset.table["split"] == "train").to_numpy() & ~dataset.is_labelled(task)


def _labelled(dataset: Dataset, name: str, labels: Mapping[str, str], suggested: bool) -> Dataset:
    column, task = task_column(dataset, name), dataset.task(name)
    words = {image_id: clean_label(label) for image_id, label in labels.items()}
    if not words or not all(words.values()):
        raise BadInput("A photo was given no label.", "Name what it shows.")
    wanted = dataset.table["image_id"].isin(words).to_numpy()
    if suggested:
        wanted = wanted & open_to_suggestions(dataset, task)
    if not wanted.any():
        raise NotFound(f'None of these photos waits for a label in "{dataset.name}" any more.', "Load the page again.")
    known = list(task.classes)
    for word in words.values():  # two spellings of one new class are one, too
        if known_spelling(word, known) not in known:
            known.append(word)
    table, marks = labels_in_words(dataset), dataset.is_suggested(task).copy()
    given = [known_spelling(words[image_id], known) for image_id in table["image_id"][wanted]]
    table.loc[wanted, column] = np.array(given, dtype=object)
    marks[wanted] = suggested
    if marks.any() or suggested_column(task) in table:
        table[suggested_column(task)] = marks
    return with_labels(dataset, table)
