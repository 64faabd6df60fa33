"""From roles to labeled photos, and to what comes of them: classes, groups and splits, before anything is imported."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.datasets.columns.facts import YES, is_empty
from core.datasets.columns.roles import NOT_LEARNED, Undecided, Understanding
from core.datasets.dataset import Rejected
from core.datasets.sources.labeled_photos import CLASS, LabeledPhoto, LabeledPhotos
from core.datasets.sources.photo_table import Column
from core.datasets.splitting import USUAL_SPLIT, SplitPlan, settle_splits
from core.tasks import LABEL, NO_STRATUM, SPLITS, Split

JOINED = " / "  # between the values of several group columns
MOST_NOTES = 12  # of columns that are left out


@dataclass(frozen=True)
class Consequence:
    """What an import would make. classes: photos per class by task. groups: how many. splits: photos in each, as a
    rule exactly so. are_drawn: whether the splits are drawn, and not given. photos: as they would be labeled."""

    classes: Mapping[str, Mapping[str, int]]
    groups: int
    splits: Mapping[Split, int]
    are_drawn: bool
    photos: Sequence[LabeledPhoto]
    rejected: tuple[Rejected, ...]


def label(understanding: Understanding) -> LabeledPhotos:
    """The photos as the roles say. Raises Undecided while something is to be asked."""
    if understanding.questions:
        raise Undecided(understanding)
    photos, rejected = _labeled(understanding)
    table = understanding.table
    return LabeledPhotos(
        photos,
        _origin(understanding),
        (*table.rejected, *rejected),
        len(photos),
        table.limit_bytes,
        table.bytes,
        notes=tuple(_notes(understanding, photos)),
    )


def consequence(understanding: Understanding, plan: SplitPlan = USUAL_SPLIT) -> Consequence:
    """What would come of the roles as they are, whatever is still to be asked."""
    photos, rejected = _labeled(understanding)
    tasks = list(dict.fromkeys(task for photo in photos for task in photo.labels))
    classes = {task: Counter(photo.labels[task] for photo in photos if photo.labels.get(task)) for task in tasks}
    groups = {photo.group for photo in photos} - {None}
    splits, source = _splits(photos, classes, plan)
    return Consequence(
        classes={task: dict(sorted(counts.items(), key=lambda item: -item[1])) for task, counts in classes.items()},
        groups=len(groups),
        splits={split: splits.count(split) for split in SPLITS},
        are_drawn=source == "drawn",
        photos=photos,
        rejected=(*understanding.table.rejected, *rejected),
    )


def _splits(
    photos: Sequence[LabeledPhoto], classes: Mapping[str, Mapping[str, int]], plan: SplitPlan
) -> tuple[list[Split], str]:
    """The split of each photo. Files of equal content, which the import keeps together, are not known here."""
    if not photos:
        return [], "drawn"
    numbers = {task: {name: number for number, name in enumerate(counts)} for task, counts in classes.items()}
    rows = [
        [index.get(photo.labels.get(task, ""), NO_STRATUM) for task, index in numbers.items()] or [NO_STRATUM]
        for photo in photos
    ]
    given, groups = [photo.split for photo in photos], [photo.group for photo in photos]
    names = [photo.name for photo in photos]
    splits, source = settle_splits(given, np.array(rows, dtype=np.int64), groups, names, plan)
    return splits.tolist(), source


def _labeled(understanding: Understanding) -> tuple[list[LabeledPhoto], list[Rejected]]:
    table = understanding.table
    labels = _labels(understanding)
    groups = _joined([table.column(name) for name in understanding.columns("group")], len(table.entries))
    splits = [table.column(name).values for name in understanding.columns("split")]
    photos, rejected = [], []
    for number, entry in enumerate(table.entries):
        found = {task: words[number] for task, words in labels.items()}
        name = table.names.get(entry.name, entry.name)
        said = table.said[number] if table.said else ""
        if not any(found.values()) and not said:
            rejected.append(Rejected(name, _why_unlabeled(understanding)))
            continue
        split = next((named for column in splits if (named := understanding.split_words.get(column[number]))), None)
        photos.append(LabeledPhoto(name, entry.open, found, split, groups[number] or None))
    return photos, [*rejected, *_contradictions(understanding)]


def _labels(understanding: Understanding) -> dict[str, Sequence[str]]:
    """The label of each photo by task, "" where it has none. Class folders come first, then columns in their order."""
    table = understanding.table
    columns = [table.column(name) for name in understanding.columns("class")]
    columns.sort(key=lambda column: column.origin != "folders")
    tasks: dict[str, Sequence[str]] = {}
    if one_of := understanding.columns("one-of"):
        tasks[CLASS] = _chosen([table.column(name) for name in one_of])
    for column in columns:
        name = _task_name(column, len(columns))
        words = ["" if is_empty(value, column.name) else value for value in column.values]
        tasks[name if name not in tasks else f"{name} 2"] = words
    return {task: words for task, words in tasks.items() if any(words)}


def _task_name(column: Column, classes: int) -> str:
    if column.origin != "table" or (classes == 1 and column.name.startswith("column ")):
        return CLASS  # folders, names of files and tables without a header name no task
    return column.name.removeprefix(LABEL)


def _chosen(columns: Sequence[Column]) -> list[str]:
    """The name of the column that says yes, for each photo."""
    return [
        next((c.name for c, cell in zip(columns, row, strict=True) if cell.casefold() in YES), "")
        for row in zip(*(column.values for column in columns), strict=True)
    ]


def _joined(columns: Sequence[Column], photos: int) -> list[str]:
    """The group of each photo, "" where it has none; of several columns all together."""
    if not columns:
        return [""] * photos
    rows = zip(*(column.values for column in columns), strict=True)
    return [JOINED.join(cell for cell in row if not is_empty(cell)) for row in rows]


def _why_unlabeled(understanding: Understanding) -> str:
    table = understanding.table
    by_table = any(table.column(name).origin == "table" for name in _label_columns(understanding))
    if not by_table or not table.tables:
        return "It lies in no class folder, so nothing says what it shows."
    names = " and ".join(f'"{name}"' for name in table.tables)
    return f"{names} does not name it, so nothing says what it shows."


def _label_columns(understanding: Understanding) -> tuple[str, ...]:
    return (*understanding.columns("class"), *understanding.columns("one-of"))


def _contradictions(understanding: Understanding) -> Iterable[Rejected]:
    """Photos that the table names several times with different labels."""
    table = understanding.table
    numbers = sorted(set().union(*(table.column(name).conflicts for name in _label_columns(understanding))))
    for number in numbers:
        reason = f'"{table.tables[0]}" names it twice with different labels; the first counts.'
        yield Rejected(table.said[number], reason)


def _left_out(understanding: Understanding) -> list[str]:
    """Columns of tables that teach nothing."""
    table = understanding.table
    readings = (reading for reading in understanding.readings if reading.role in NOT_LEARNED)
    return [reading.column for reading in readings if table.column(reading.column).origin == "table"]


def _origin(understanding: Understanding) -> str:
    left = _left_out(understanding)
    where = understanding.table.origin
    return f"{where} (columns that are no labels: {', '.join(left)})" if left else where


def _notes(understanding: Understanding, photos: Sequence[LabeledPhoto]) -> Iterable[str]:
    """How the source was understood, a sentence each."""
    yield from understanding.table.notes
    if groups := {photo.group for photo in photos} - {None}:
        names = " and ".join(f'"{name}"' for name in understanding.columns("group"))
        yield f"Photos of one {names} stay together: {len(groups):,} groups."
    for name in _left_out(understanding)[:MOST_NOTES]:
        yield f'The column "{name}" is left out: {understanding.reading(name).reason}.'
