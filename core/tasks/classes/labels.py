"""Labels that are one class of several: from words to indices and back, and what is worth knowing about them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadDataset, Check
from core.tasks.task import Task

MISSING = -1  # the label of an image that has none for a task
MOST_CLASSES = 5_000
FEW = 20  # photos of a class, below which its own figures say little
UNEVEN = 3  # times as many photos
NAMED = 3  # things that are named before "and 5 more"

_ROUND_NUMBERS = (1_000, 500, 200, 100, 50, FEW)
_NUMBER_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def refuse_too_many(task: str, classes: int) -> None:
    """Raises BadDataset for more classes than a head can tell apart."""
    if classes > MOST_CLASSES:
        raise BadDataset(
            f'"{task}" has {classes:,} classes; Graft tells at most {MOST_CLASSES:,} apart.',
            "If these are file numbers or dates rather than classes, choose another column or other folders.",
        )


def encode(name: str, words: "pd.Series[Any]") -> tuple[Task, np.ndarray]:
    """Words become indices, int64, into classes that stand in natural order. A class that no photo has is none."""
    classes = tuple(sorted(words.dropna().unique(), key=natural_order))
    refuse_too_many(name, len(classes))
    index = {label: number for number, label in enumerate(classes)}
    numbers = [index.get(label, MISSING) for label in words.where(words.notna(), None)]
    return Task(name, classes), np.array(numbers, dtype=np.int64)


def natural_order(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """A key that puts "class 2" before "class 10", and does not care for upper case first."""
    pieces = re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in pieces], text


def counts(task: Task, labels: np.ndarray) -> dict[str, int]:
    """Images per class, in the order of the classes."""
    found = np.bincount(labels[labels != MISSING], minlength=len(task.classes))
    return dict(zip(task.classes, found.tolist(), strict=True))


def checks(task: Task, table: pd.DataFrame) -> Iterator[Check]:
    """What is worth knowing about the classes before anything is trained."""
    labels = table[task.column].to_numpy(dtype=np.int64)
    images = counts(task, labels)
    in_train = counts(task, labels[(table["split"] == "train").to_numpy()])
    yield from _sizes(task, images, in_train)
    yield from _balance(images)
    yield from _contradicting_copies(task, table)


def advice(images: dict[str, int]) -> Iterator[Check]:
    """What a run on so many training photos per class will run into."""
    present = [name for name, count in images.items() if count]
    if len(present) < 2:
        yield Check("stop", f"Training needs photos of at least two classes; there is {list_some(present) or 'none'}.")
        return
    missing = [name for name, count in images.items() if not count]
    if missing:
        has = "has" if len(missing) == 1 else "have"
        yield Check("warning", f"{list_some(missing)} {has} no training photo: the model will never answer it.")
    few = sorted((count, name) for name, count in images.items() if 0 < count < FEW)
    if few:
        count, name = few[0]
        others = f" {_more_classes(len(few) - 1)} few, too." if len(few) > 1 else ""
        sentence = f"{name} has {_photos(count)} to learn from: expect it to be the weakest.{others}"
        yield Check("warning", sentence)


def _sizes(task: Task, images: dict[str, int], in_train: dict[str, int]) -> Iterator[Check]:
    if len(images) < 2:
        only = f'"{task.classes[0]}"' if images else "none"
        yield Check("stop", f"There is only one class, {only}: training needs at least two to tell apart")
        return
    single = [name for name, count in images.items() if count < 2]
    few = [name for name, count in images.items() if 2 <= count < FEW]
    for name in single[:NAMED]:
        sentence = f'Class "{name}" has 1 photo; training needs at least 2 in each class: add photos or leave it out'
        yield Check("stop", sentence)
    if len(single) > NAMED:
        yield Check("stop", f"{_more_classes(len(single) - NAMED)} 1 photo only")
    if few:
        have = "has" if len(few) == 1 else "have"
        yield Check("warning", f"{list_some(few)} {have} fewer than {FEW} photos: figures for so few are rough")
    elif not single:
        least = next(number for number in _ROUND_NUMBERS if number <= min(images.values()))
        yield Check("ok", f"Every class has at least {least:,} photos")
    yield from _similar_names(task)
    without = [name for name in task.classes if images[name] > 1 and not in_train[name]]
    if without:
        has = "has" if len(without) == 1 else "have"
        yield Check("warning", f"{list_some(without)} {has} no photo in train, so it cannot be learned")


def same_spelling(name: str) -> str:
    """What names have in common that are one word to a person: `Cat`, `cat `, `CAT`; `t-shirt`, `T_shirt`, `t shirt`.

    Only dashes and underscores inside count as a space: "+" and "-" stay two classes, and so do "1" and "-1".
    """
    joined = re.sub(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)", " ", unicodedata.normalize("NFKC", name).strip())
    return joined.casefold() or name


def similar_names(names: Sequence[str]) -> list[list[str]]:
    """Groups of two or more of these names that are spelled alike, in their order."""
    alike = defaultdict(list)
    for name in names:
        alike[same_spelling(name)].append(name)
    return [group for group in alike.values() if len(group) > 1]


def _similar_names(task: Task) -> Iterator[Check]:
    groups = similar_names(task.classes)
    for names in groups[:NAMED]:
        quoted = " and ".join(f'"{name}"' for name in names)
        yield Check("warning", f"Classes {quoted} are spelled alike: are they the same?", mend="join classes")
    if len(groups) > NAMED:
        yield Check("warning", f"{len(groups) - NAMED:,} more groups of classes are spelled alike", mend="join classes")


def _balance(images: dict[str, int]) -> Iterator[Check]:
    if len(images) < 2:
        return
    most, least = max(images, key=images.__getitem__), min(images, key=images.__getitem__)
    times = images[most] // max(images[least], 1)
    if times >= UNEVEN:
        number = _NUMBER_WORDS[times] if times < len(_NUMBER_WORDS) else f"{times:,}"
        yield Check("warning", f"{most} has {number} times as many as {least}: accuracy is also shown per class")


def _contradicting_copies(task: Task, table: pd.DataFrame) -> Iterator[Check]:
    """Files of equal content with different labels."""
    copied = table[table["hash"].duplicated(keep=False) & (table[task.column] != MISSING)]
    torn = int((copied.groupby("hash")[task.column].nunique() > 1).sum())
    if torn:
        has = "is in two classes" if torn == 1 else "are in two classes each"
        yield Check("warning", f"{_photos(torn)} {has}: relabel or leave one out")


def list_some(names: Sequence[str]) -> str:
    """ "a, b, c and 2 more"."""
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _more_classes(number: int) -> str:
    return "1 more class has" if number == 1 else f"{number:,} more classes have"


def _photos(number: int) -> str:
    return f"{number:,} photo" if number == 1 else f"{number:,} photos"
