"""What there is to say about a dataset before anything is trained on it, in plain words."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.datasets.dataset import MISSING, SPLITS, Dataset, Task
from core.datasets.sources.names import split_named

FEW = 20  # photos of a class, under which its own figures say little
FEW_TO_VALIDATE = 30  # below, no verdict on overfitting is given
UNEVEN = 3  # times as many photos
LONG = 3  # times as long as wide: the centre square then loses two thirds
TINY = 32  # pixels of the short side
NAMED = 3  # things that are named before "and 5 more"

_NICE = (1_000, 500, 200, 100, 50, FEW)
_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@dataclass(frozen=True)
class Check:
    """ok: all is well. look: worth knowing. stop: cannot be trained on until it is mended."""

    level: Literal["ok", "look", "stop"]
    sentence: str


def check(dataset: Dataset) -> list[Check]:
    """All that is worth saying, in the order in which it is read."""
    found = [*_reading(dataset)]
    for task in dataset.tasks:
        found += [*_classes(dataset, task), *_balance(dataset, task), *_missing(dataset, task)]
    return [*found, *_splits(dataset), *_copies(dataset), *_shapes(dataset), *_same_folder_names(dataset)]


def _reading(dataset: Dataset) -> Iterator[Check]:
    photos, broken = _count(len(dataset), "photo"), len(dataset.rejected)
    if not broken:
        yield Check("ok", f"{photos} read, none broken")
    else:
        yield Check("look", f"{photos} read, {_count(broken, 'file')} left out: see why below")


def _classes(dataset: Dataset, task: Task) -> Iterator[Check]:
    counts, about = dataset.counts(task), _about(dataset, task)
    if len(counts) < 2:
        only = f'"{task.classes[0]}"' if counts else "none"
        yield Check("stop", f"{about}There is only one class, {only}: training needs at least two to tell apart")
        return
    single = [name for name, count in counts.items() if count < 2]
    few = [name for name, count in counts.items() if 2 <= count < FEW]
    for name in single[:NAMED]:
        sentence = f'Class "{name}" has 1 photo; training needs at least 2 in each class: add photos or leave it out'
        yield Check("stop", about + sentence)
    if len(single) > NAMED:
        yield Check("stop", f"{about}{len(single) - NAMED:,} more classes have 1 photo only")
    if few:
        have = "has" if len(few) == 1 else "have"
        yield Check("look", f"{about}{_list(few)} {have} fewer than {FEW} photos: figures for so few are rough")
    elif not single:
        least = next(number for number in _NICE if number <= min(counts.values()))
        yield Check("ok", f"{about}Every class has at least {least:,} photos")
    yield from _look_alike_names(task, about)
    yield from _untaught(dataset, task, about)


def _look_alike_names(task: Task, about: str) -> Iterator[Check]:
    alike = defaultdict(list)
    for name in task.classes:
        alike[name.casefold()].append(f'"{name}"')
    for names in [names for names in alike.values() if len(names) > 1][:NAMED]:
        sentence = f"Classes {' and '.join(names)} differ in upper and lower case only: are they the same?"
        yield Check("look", about + sentence)


def _untaught(dataset: Dataset, task: Task, about: str) -> Iterator[Check]:
    everywhere, taught = dataset.counts(task), dataset.counts(task, "train")
    untaught = [name for name in task.classes if everywhere[name] > 1 and not taught[name]]
    if untaught:
        has = "has" if len(untaught) == 1 else "have"
        yield Check("look", f"{about}{_list(untaught)} {has} no photo in train, so it cannot be learned")


def _balance(dataset: Dataset, task: Task) -> Iterator[Check]:
    counts = dataset.counts(task)
    if len(counts) < 2:
        return
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    times = counts[most] // max(counts[least], 1)
    if times >= UNEVEN:
        number = _WORDS[times] if times < len(_WORDS) else f"{times:,}"
        sentence = f"{most} has {number} times as many as {least}: accuracy is also shown per class"
        yield Check("look", _about(dataset, task) + sentence)


def _missing(dataset: Dataset, task: Task) -> Iterator[Check]:
    missing = int((dataset.labels(task) == MISSING).sum())
    if missing:
        has, task_name = "has" if missing == 1 else "have", task.name
        yield Check("look", f'{_count(missing, "photo")} {has} no label for "{task_name}" and teach nothing about it')


def _splits(dataset: Dataset) -> Iterator[Check]:
    train, validation, test = (len(dataset.indices(split)) for split in SPLITS)
    if not train or not validation:
        empty = "learn from" if not train else "validate with"
        yield Check("stop", f"There are no photos to {empty}: add photos or split again")
    elif validation < FEW_TO_VALIDATE:
        sentence = (
            f"Only {_count(validation, 'photo')} to validate with: overfitting is judged from {FEW_TO_VALIDATE} on"
        )
        yield Check("look", sentence)
    if train and not test:
        yield Check("look", "No test photos: there will be no final figure on photos never used before")


def _copies(dataset: Dataset) -> Iterator[Check]:
    table = dataset.table
    copied = table[table["hash"].duplicated(keep=False)]
    if copied.empty:
        return
    by_hash = copied.groupby("hash", sort=False)
    across = int((by_hash["split"].nunique() > 1).sum())
    if across:
        lie = "lies" if across == 1 else "lie"
        sentence = f"{_count(across, 'photo')} {lie} in more than one split, so figures look better than they are"
        yield Check("look", f"{sentence}: split again to keep copies together")
    for task in dataset.tasks:
        labelled = copied[copied[task.column] != MISSING]
        torn = int((labelled.groupby("hash")[task.column].nunique() > 1).sum())
        if torn:
            has = "is in two classes" if torn == 1 else "are in two classes each"
            yield Check("look", f"{_about(dataset, task)}{_count(torn, 'photo')} {has}: relabel or leave one out")
    if not across:
        more = len(copied) - by_hash.ngroups
        yield Check("look", f"{_count(more, 'photo')} came more than once; copies stay in one split")


def _shapes(dataset: Dataset) -> Iterator[Check]:
    sides = dataset.table[["width", "height"]].to_numpy()
    short, long = sides.min(axis=1), sides.max(axis=1)
    stretched, tiny = int((long > LONG * short).sum()), int((short < TINY).sum())
    if stretched:
        is_ = "is" if stretched == 1 else "are"
        sentence = f"{_count(stretched, 'photo')} {is_} more than {_WORDS[LONG]} times as long as wide"
        yield Check("look", f"{sentence}: only the middle is seen")
    if tiny:
        has = "has" if tiny == 1 else "have"
        yield Check("look", f"{_count(tiny, 'photo')} {has} a side under {TINY} pixels: little can be seen in them")


def _same_folder_names(dataset: Dataset) -> Iterator[Check]:
    """Folders of one name in several places became one class: meant for domains, a mistake otherwise."""
    task = dataset.tasks[0]
    places = defaultdict(set)
    labels = np.array([*task.classes, ""], dtype=object)[dataset.labels(task)]
    names = dataset.table["name"].tolist()
    folders = {(label, name.rpartition("/")[0]) for label, name in zip(labels, names, strict=True)}
    for label, place in folders:
        *parents, folder = place.split("/")
        if label and folder == label:
            places[label].add("/".join(part for part in parents if not split_named(part)))
    several = [label for label in task.classes if len(places[label]) > 1]
    if several:
        named = _list(sorted(places[several[0]]))
        classes = "1 class was" if len(several) == 1 else f"{len(several):,} classes were"
        yield Check("look", f'{classes} put together from folders of one name: "{several[0]}" lies in {named}')


def _about(dataset: Dataset, task: Task) -> str:
    return f"{task.name}: " if len(dataset.tasks) > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _list(names: list[str]) -> str:
    shown = [name or "the top folder" for name in names]
    if len(shown) > NAMED + 1:
        return f"{', '.join(shown[:NAMED])} and {len(shown) - NAMED:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
