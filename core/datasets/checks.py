"""Checks of a dataset before anything is trained on it, in plain words.

A new check is a function and one line in `CHECKS`, or in `TASK_CHECKS` where it concerns one column of labels. What
the labels themselves give rise to is checked by their kind (`core.tasks`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from core.datasets.copies import in_several_splits
from core.datasets.dataset import Dataset
from core.datasets.sources.names import split_named
from core.errors import Check
from core.tasks import SPLITS, Task, label_kind, list_some

FEW_TO_VALIDATE = 30  # below, no verdict on overfitting is given
LONG = 3  # times as long as wide: the centre square then loses two thirds
TINY = 32  # pixels of the short side


def check(dataset: Dataset) -> list[Check]:
    """All that is worth knowing, in the order in which it is read."""
    return [found for run_check in CHECKS.values() for found in run_check(dataset)]


def _unreadable_files(dataset: Dataset) -> Iterator[Check]:
    photos, broken = _count(len(dataset), "photo"), len(dataset.rejected)
    if not broken:
        yield Check("ok", f"{photos} read, none broken")
    else:
        yield Check("warning", f"{photos} read, {_count(broken, 'file')} left out: see why below")


def _unlabelled(dataset: Dataset) -> Iterator[Check]:
    if not dataset.tasks:
        yield Check("stop", "The photos have no labels: sort them into groups, or adapt a model to them")


def _missing_labels(dataset: Dataset, task: Task) -> Iterator[Check]:
    missing = int((~dataset.is_labelled(task)).sum())
    if missing:
        photos, has = _count(missing, "photo"), "has" if missing == 1 else "have"
        yield Check("warning", f'{photos} {has} no label for "{task.name}" and teach nothing about it')


def _splits(dataset: Dataset) -> Iterator[Check]:
    if not dataset.tasks:  # nothing is learned or judged here
        return
    train, validation, test = (len(dataset.indices(split)) for split in SPLITS)
    if not train or not validation:
        empty = "learn from" if not train else "validate with"
        yield Check("stop", f"There are no photos to {empty}: add photos or split again")
    elif validation < FEW_TO_VALIDATE:
        sentence = (
            f"Only {_count(validation, 'photo')} to validate with: overfitting is judged from {FEW_TO_VALIDATE} on"
        )
        yield Check("warning", sentence)
    if train and not test:
        yield Check("warning", "No test photos: there will be no final figure on photos never used before")


def _copies(dataset: Dataset) -> Iterator[Check]:
    table = dataset.table
    copied = table[table["picture"].duplicated(keep=False)]
    if copied.empty:
        return
    across = table["picture"][in_several_splits(table)].nunique()
    if across:
        lie = "lies" if across == 1 else "lie"
        sentence = f"A leak: {_count(across, 'photo')} {lie} in more than one split, as the same file or saved again"
        yield Check("warning", f"{sentence}, so figures look better than they are", mend="copies")
    else:
        more = len(copied) - copied["picture"].nunique()
        yield Check("warning", f"{_count(more, 'photo')} came more than once; copies stay in one split")


def _groups(dataset: Dataset) -> Iterator[Check]:
    grouped = dataset.table[dataset.table["group"].notna()]
    if grouped.empty:
        return
    torn = int((grouped.groupby("group")["split"].nunique() > 1).sum())
    if torn:
        lies = "lies" if torn == 1 else "lie"
        sentence = f"{_count(torn, 'group')} of photos {lies} in more than one split"
        yield Check("warning", f"{sentence}, so figures look better than they are: split again to keep them together")
    else:
        yield Check("ok", f"{_count(grouped['group'].nunique(), 'group')} of photos, none in more than one split")


def _shapes(dataset: Dataset) -> Iterator[Check]:
    sides = dataset.table[["width", "height"]].to_numpy()
    short, long = sides.min(axis=1), sides.max(axis=1)
    stretched, tiny = int((long > LONG * short).sum()), int((short < TINY).sum())
    if stretched:
        is_ = "is" if stretched == 1 else "are"
        sentence = f"{_count(stretched, 'photo')} {is_} more than three times as long as wide"
        yield Check("warning", f"{sentence}: only the middle is seen")
    if tiny:
        has = "has" if tiny == 1 else "have"
        yield Check("warning", f"{_count(tiny, 'photo')} {has} a side under {TINY} pixels: little can be seen in them")


def _joined_folders(dataset: Dataset, task: Task) -> Iterator[Check]:
    """Folders of one name in several places became one class: meant for domains, a mistake otherwise."""
    places = defaultdict(set)
    words = label_kind(task).in_words(task, dataset.labels(task))
    folders = {
        (label, name.rpartition("/")[0]) for label, name in zip(words, dataset.table["name"].tolist(), strict=True)
    }
    for label, place in folders:
        *parents, folder = place.split("/")
        if label and folder == label:
            places[label].add("/".join(part for part in parents if not split_named(part)))
    several = [label for label in task.classes if len(places[label]) > 1]
    if several:
        named = list_some([place or "the top folder" for place in sorted(places[several[0]])])
        classes = "1 class was" if len(several) == 1 else f"{len(several):,} classes were"
        sentence = f'{classes} put together from folders of one name: "{several[0]}" lies in {named}'
        yield _naming_task(dataset, task, Check("warning", sentence))


def _labels(dataset: Dataset, task: Task) -> Iterator[Check]:
    for found in label_kind(task).checks(task, dataset.table):
        yield _naming_task(dataset, task, found)


def _each_task(dataset: Dataset) -> Iterator[Check]:
    for task in dataset.tasks:
        for run_check in TASK_CHECKS.values():
            yield from run_check(dataset, task)


def _naming_task(dataset: Dataset, task: Task, found: Check) -> Check:
    """The check with its task's name before it, where there are several tasks."""
    return replace(found, sentence=f"{task.name}: {found.sentence}") if len(dataset.tasks) > 1 else found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# Both in the order in which they are read.
TASK_CHECKS: dict[str, Callable[[Dataset, Task], Iterable[Check]]] = {
    "labels": _labels,
    "joined_folders": _joined_folders,
    "missing_labels": _missing_labels,
}
CHECKS: dict[str, Callable[[Dataset], Iterable[Check]]] = {
    "unreadable_files": _unreadable_files,
    "unlabelled": _unlabelled,
    "tasks": _each_task,
    "splits": _splits,
    "groups": _groups,
    "copies": _copies,
    "shapes": _shapes,
}
