"""From whatever a user has to a dataset that is there whole or not at all."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pandas as pd

from core.datasets import inbox
from core.datasets.columns import ColumnChoice, Understanding, label, remember, understand
from core.datasets.copies import number_pictures
from core.datasets.dataset import Dataset, Rejected
from core.datasets.originals import Budget, Photo, copy_originals
from core.datasets.registry import building, clean_name, new_version, publish, refuse_taken
from core.datasets.sources import CLASS, Contents, LabeledPhoto, LabeledPhotos, open_source, open_upload
from core.datasets.sources.not_taken import NO_PHOTOS
from core.datasets.splitting import USUAL_SPLIT, SplitPlan, draw_splits, settle_splits
from core.datasets.table import encode, labels_in_words, strata_of, tabulate
from core.errors import BadDataset, BadInput, DiskFull
from core.home import Home, Progress, free_bytes, silent
from core.tasks import SPLITS, Split, Task, label_kind
from core.units import format_bytes

AS_GUESSED = ColumnChoice()
SPARE_BYTES = 64 * 2**20  # what an import leaves free, for the database if nothing else


def import_dataset(
    home: Home,
    name: str,
    source: Path,
    *,
    split: SplitPlan = USUAL_SPLIT,
    columns: ColumnChoice = AS_GUESSED,
    progress: Progress = silent,
) -> Dataset:
    """A dataset from a source on this computer, in any registered format (`core.datasets.sources.IMPORTERS`).

    columns: what a person says about its columns; it is remembered for tables like this one. An import that fails, or
    whose `progress` raises, leaves nothing behind. Raises BadInput (the name, the columns), BadDataset (Undecided where
    the columns have to be asked about), NotFound, DiskFull.
    """
    name = _free_name(home, name)
    with open_source(source, source.absolute().name) as opened:
        return _import_source(home, name, _labeled(home, opened, columns), split, progress)


def import_unlabelled(home: Home, name: str, source: Path, *, progress: Progress = silent) -> Dataset:
    """A dataset without labels from any source that `import_dataset` takes, or an inbox folder, which is used up by it:
    whatever says what its photos show is left out. It has no tasks and no test split: a model can be adapted to its
    photos.

    Raises BadInput (the name), BadDataset, NotFound, DiskFull.
    """
    with inbox.emptied(home, source), open_any(home, source) as opened:
        name = _free_name(home, name)
        photos = _unlabelled(opened)
        _refuse_what_does_not_fit(home, photos)
        return _import(home, name, photos, (), USUAL_SPLIT.without_test(), progress)


def import_upload(
    home: Home,
    name: str,
    folder: Path,
    *,
    split: SplitPlan = USUAL_SPLIT,
    columns: ColumnChoice = AS_GUESSED,
    progress: Progress = silent,
) -> Dataset:
    """A dataset from an inbox folder: the archive that was dropped, or loose files with the folders they came in.

    The inbox folder is used up by it (`core.datasets.inbox.emptied`). Raises like `import_dataset`.
    """
    with inbox.emptied(home, folder):
        name = _free_name(home, name)
        with open_upload(folder) as opened:
            return _import_source(home, name, _labeled(home, opened, columns), split, progress)


def import_photos(
    home: Home, name: str, source: LabeledPhotos, *, split: SplitPlan = USUAL_SPLIT, progress: Progress = silent
) -> Dataset:
    """A dataset from photos that may be made while they are imported: where all importers end.

    Raises BadInput (the name), BadDataset, DiskFull.
    """
    return _import(home, _free_name(home, name), source, None, split, progress)


def _import(
    home: Home, name: str, source: LabeledPhotos, tasks: Sequence[Task] | None, split: SplitPlan, progress: Progress
) -> Dataset:
    """name: a free one. tasks: None are those of the photos, which must have some."""
    origin = source.origin or name
    with building(home) as (dataset_id, folder):
        budget = Budget(origin, source.limit_bytes)
        photos, unread = copy_originals(source.photos, folder, budget, source.count, progress)
        rejected = (*source.rejected, *unread)
        if not photos:
            raise _nothing_read(origin, rejected)
        table, tasks = encode(tabulate(photos), _tasks_of(photos) if tasks is None else tasks)
        given = [photo.split for photo in photos]
        strata = strata_of(table, tasks)
        table["split"], splits_from = settle_splits(given, strata, list(table["group"]), list(table["picture"]), split)
        built = Dataset(
            id=dataset_id,
            name=name,
            version=1,
            folder=folder,
            tasks=tasks,
            table=table,
            rejected=rejected,
            origin=source.origin,
            splits_from=splits_from,
            created=time.time(),
            notes=source.notes,
        )
        return publish(home, built)


def add_photos(
    home: Home,
    dataset: Dataset,
    source: Path,
    *,
    columns: ColumnChoice = AS_GUESSED,
    progress: Progress = silent,
) -> Dataset:
    """A new version with the photos of another source, or of an inbox folder, added to the newest one.

    Photos keep the split they have; new ones are drawn in the same shares, unless their folders say a split. A photo
    that is there already with the same labels is left out, with a word. Raises like `import_dataset`.
    """
    with inbox.emptied(home, source), open_any(home, source) as opened, building(home) as (_, part):
        added = _labeled(home, opened, columns) if dataset.tasks else _unlabelled(opened)
        _refuse_what_does_not_fit(home, added)
        budget = Budget(added.origin, added.limit_bytes)
        photos, unread = copy_originals(_named_alike(added.photos, dataset), part, budget, added.count, progress)
        rejected = (*added.rejected, *unread)
        if not photos:
            raise _nothing_read(added.origin, rejected)
        return _add(home, dataset, photos, rejected, part)


@contextmanager
def open_any(home: Home, source: Path) -> Iterator[LabeledPhotos | Contents]:
    """A source on this computer, or an inbox folder. Raises like `import_dataset`."""
    is_upload = inbox.contains(home, source)
    with open_upload(source) if is_upload else open_source(source, source.absolute().name) as opened:
        yield opened


def _labeled(home: Home, opened: LabeledPhotos | Contents, columns: ColumnChoice) -> LabeledPhotos:
    """The photos as the columns say, which are remembered as a person chose them."""
    understanding = understand_source(home, opened, columns)
    if understanding is None:
        return cast(LabeledPhotos, opened)
    photos = label(understanding)
    remember(home, understanding.table, columns)
    return photos


def _unlabelled(opened: LabeledPhotos | Contents) -> LabeledPhotos:
    """The photos alone. Raises BadDataset where there are none."""
    if isinstance(opened, LabeledPhotos):
        return replace(opened, photos=[LabeledPhoto(photo.name, photo.open) for photo in opened.photos])
    if not opened.pictures:
        raise _nothing_read(opened.name, opened.rejected)
    photos = [LabeledPhoto(entry.name, entry.open) for entry in opened.pictures]
    return LabeledPhotos(photos, opened.name, opened.rejected, len(photos), opened.limit_bytes, opened.bytes)


def understand_source(
    home: Home, opened: LabeledPhotos | Contents, columns: ColumnChoice = AS_GUESSED
) -> Understanding | None:
    """What the columns of an opened source mean; None for a format that leaves no doubt.

    Raises BadDataset without photos, or when nothing says what they show; BadInput for columns that do not fit.
    """
    if isinstance(opened, Contents):
        if not opened.pictures and not opened.is_a_table:
            raise _nothing_read(opened.name, opened.rejected)
        return understand(home, opened, columns)
    if columns:
        raise BadInput(f'"{opened.origin}" says itself what its photos show.', "Leave the words about columns out.")
    return None


def _free_name(home: Home, name: str) -> str:
    name = clean_name(name)
    refuse_taken(home, name)
    return name


def _import_source(home: Home, name: str, source: LabeledPhotos, split: SplitPlan, progress: Progress) -> Dataset:
    _refuse_what_does_not_fit(home, source)
    photos = list(source.photos)
    for task in {task for photo in photos for task in photo.labels}:
        label_kind(Task(task)).refuse_words(task, {photo.labels.get(task) for photo in photos})
    return import_photos(home, name, replace(source, photos=photos, count=len(photos)), split=split, progress=progress)


def _refuse_what_does_not_fit(home: Home, source: LabeledPhotos) -> None:
    """Checked before the long work; the sizes that the source claims are not trusted further than this."""
    free = free_bytes(home.datasets)
    if source.bytes + SPARE_BYTES > free:
        raise DiskFull(
            f'The photos of "{source.origin}" take {format_bytes(source.bytes)} and {format_bytes(SPARE_BYTES)} are to '
            f"stay free; only {format_bytes(free)} are.",
            "Free some room, or keep Graft's folder on another disk with --home.",
        )


def _tasks_of(photos: Sequence[Photo]) -> list[Task]:
    """In the order in which the source names them."""
    names = list(dict.fromkeys(name for photo in photos for name in photo.labels))
    if not names:
        raise BadDataset("None of the photos has a label.", "Put them into class folders, or add a CSV with labels.")
    return [Task(name) for name in names]


def _nothing_read(origin: str, rejected: Sequence[Rejected]) -> BadDataset:
    rejected = [each for each in rejected if each.reason != NO_PHOTOS]
    if not rejected:
        return BadDataset(f'"{origin}" holds no photos.', "Put the photos of each class into a folder of its own.")
    first = rejected[0]
    return BadDataset(
        f'No photo could be read from "{origin}" ({len(rejected):,} tried). "{first.name}": {first.reason}',
        "Use JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF.",
    )


def _named_alike(photos: Iterable[LabeledPhoto], dataset: Dataset) -> list[LabeledPhoto]:
    """Class folders label the dataset's first task, whatever that is called."""
    if not dataset.tasks:
        return list(photos)
    first = dataset.tasks[0].name
    if CLASS in {task.name for task in dataset.tasks}:
        return list(photos)
    return [
        replace(photo, labels={first if task == CLASS else task: label for task, label in photo.labels.items()})
        for photo in photos
    ]


def _add(home: Home, dataset: Dataset, photos: list[Photo], rejected: Sequence[Rejected], part: Path) -> Dataset:
    moved: list[Path] = []

    def change(newest: Dataset) -> Dataset:
        new, known = _without_known(newest, photos)
        if not new:
            raise BadDataset("All of these photos are in the dataset already.", "Choose others.")
        moved.extend(_move(new, part, newest.folder))
        return _enlarged(newest, new, (*rejected, *known))

    try:
        return new_version(home, dataset.id, change)
    except BaseException:
        for file in moved:
            file.unlink(missing_ok=True)
        raise


def _without_known(dataset: Dataset, photos: Sequence[Photo]) -> tuple[list[Photo], list[Rejected]]:
    """Photos that are new, and those that are there already with the same labels."""
    words = labels_in_words(dataset)
    columns = [task.column for task in dataset.tasks]
    there = {row[0]: row[1:] for row in words[["hash", *columns]].itertuples(index=False, name=None)}
    new, known = [], []
    for photo in photos:
        labels = tuple(photo.labels.get(task.name) or None for task in dataset.tasks)
        if there.get(photo.hash) == labels:
            known.append(Rejected(photo.name, "It is in the dataset already."))
        else:
            new.append(photo)
    return new, known


def _move(photos: Sequence[Photo], part: Path, folder: Path) -> list[Path]:
    """The originals to where the dataset's others lie; gives those that were not there before."""
    moved = []
    for file in dict.fromkeys(photo.file for photo in photos):
        target = folder / file
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part / file, target)
            moved.append(target)
    return moved


def _enlarged(dataset: Dataset, photos: Sequence[Photo], rejected: Sequence[Rejected]) -> Dataset:
    added = tabulate(photos, taken=dataset.table["image_id"])
    added["split"] = pd.Series([photo.split for photo in photos], dtype=object)
    both = pd.concat([labels_in_words(dataset), added], ignore_index=True)
    both["group"] = both["group"].astype(object).where(both["group"].notna(), None)
    both["picture"] = number_pictures(list(both["hash"]), list(both["fingerprint"]))
    known = {task.name for task in dataset.tasks}
    named = _tasks_of(photos) if dataset.tasks else []
    table, tasks = encode(both, [*dataset.tasks, *(task for task in named if task.name not in known)])
    fixed: list[Split | None] = [split if split in SPLITS else None for split in both["split"]]
    table["split"] = draw_splits(
        strata_of(table, tasks), list(table["group"]), list(table["picture"]), _shares(dataset), fixed
    )
    return replace(dataset, table=table, tasks=tasks, rejected=(*dataset.rejected, *rejected))


def _shares(dataset: Dataset) -> SplitPlan:
    """The shares of the splits as they are now; another seed for each version."""
    train, validation, test = (len(dataset.indices(split)) / len(dataset) for split in SPLITS)
    if train == 0 or validation == 0:
        return replace(USUAL_SPLIT, seed=dataset.version)
    return SplitPlan(train, validation, test, seed=dataset.version)
