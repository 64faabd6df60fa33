"""From whatever a user has to a dataset that is there whole or not at all."""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from core.datasets.dataset import Dataset, Rejected
from core.datasets.limits import TOTAL_BYTES
from core.datasets.originals import Budget, Photo, take_in
from core.datasets.registry import building, clean_name, new_version, publish, refuse_taken
from core.datasets.sources import CLASS, Found, Offer, open_source, open_upload
from core.datasets.splitting import USUAL_SPLIT, SplitPlan, draw_splits, settle_splits
from core.datasets.table import encode, labels_in_words, strata_of, tabulate
from core.errors import BadDataset, DiskFull
from core.home import Home, Progress, free_bytes, silent
from core.tasks import SPLITS, Split, Task, label_kind

SPARE_BYTES = 64 * 2**20  # what an import leaves free, for the database if nothing else


def import_dataset(
    home: Home,
    name: str,
    source: Path,
    *,
    split: SplitPlan = USUAL_SPLIT,
    original_name: str | None = None,
    progress: Progress = silent,
) -> Dataset:
    """A dataset from a zip, a folder, or a CSV beside its photos; which of them, is found out by looking.

    original_name: what the user calls the source, when it lies here under another name. An import that fails, or
    whose `progress` raises, leaves nothing behind. Raises BadInput (the name), BadDataset, NotFound, DiskFull.
    """
    name = _free_name(home, name)
    with open_source(source, original_name or source.absolute().name) as offer:
        return _import_offer(home, name, offer, split, progress)


def import_upload(
    home: Home, name: str, folder: Path, *, split: SplitPlan = USUAL_SPLIT, progress: Progress = silent
) -> Dataset:
    """A dataset from an inbox folder: the zip that was dropped, or loose files with the folders they came in.

    The inbox folder is removed once it is imported, and kept otherwise. Raises like `import_dataset`.
    """
    name = _free_name(home, name)
    with open_upload(folder) as offer:
        dataset = _import_offer(home, name, offer, split, progress)
    shutil.rmtree(folder, ignore_errors=True)
    return dataset


def import_found(
    home: Home,
    name: str,
    found: Iterable[Found],
    *,
    split: SplitPlan = USUAL_SPLIT,
    origin: str = "",
    rejected: Sequence[Rejected] = (),
    total: int = 0,
    limit_bytes: int = TOTAL_BYTES,
    progress: Progress = silent,
) -> Dataset:
    """A dataset from photos that may be made while they are taken: where all importers end.

    total: how many there will be, 0 when that is not known. rejected: what is already known to be no photo.
    Raises BadInput (the name), BadDataset, DiskFull.
    """
    name = _free_name(home, name)
    with building(home) as (dataset_id, folder):
        photos, unread = take_in(found, folder, Budget(origin or name, limit_bytes), total, progress)
        if not photos:
            raise _nothing_read(origin or name, [*rejected, *unread])
        table, tasks = encode(tabulate(photos), _tasks_of(photos))
        given = [photo.split for photo in photos]
        strata = strata_of(table, tasks)
        table["split"], splits_from = settle_splits(given, strata, list(table["group"]), list(table["hash"]), split)
        built = Dataset(
            id=dataset_id,
            name=name,
            version=1,
            folder=folder,
            tasks=tasks,
            table=table,
            rejected=(*rejected, *unread),
            origin=origin,
            splits_from=splits_from,
            created=time.time(),
        )
        return publish(home, built)


def add_photos(
    home: Home,
    dataset: Dataset,
    source: Path,
    *,
    original_name: str | None = None,
    progress: Progress = silent,
) -> Dataset:
    """A new version with the photos of another source, or of an inbox folder, added to the newest one.

    Photos keep the split they have; new ones are drawn in the same shares, unless their folders say a split. A photo
    that is there already with the same labels is left out, with a word. Raises like `import_dataset`.
    """
    is_upload = source.parent == home.inbox
    opened = open_upload(source) if is_upload else open_source(source, original_name or source.absolute().name)
    with opened as offer, building(home) as (_, part):
        _refuse_what_does_not_fit(home, offer)
        budget = Budget(offer.origin, offer.limit_bytes)
        photos, unread = take_in(_named_alike(offer.found, dataset), part, budget, len(offer.found), progress)
        if not photos:
            raise _nothing_read(offer.origin, [*offer.rejected, *unread])
        changed = _add(home, dataset, photos, (*offer.rejected, *unread), part)
    if is_upload:
        shutil.rmtree(source, ignore_errors=True)
    return changed


def _free_name(home: Home, name: str) -> str:
    name = clean_name(name)
    refuse_taken(home, name)
    return name


def _import_offer(home: Home, name: str, offer: Offer, split: SplitPlan, progress: Progress) -> Dataset:
    _refuse_what_does_not_fit(home, offer)
    for task in {task for found in offer.found for task in found.labels}:
        label_kind(Task(task)).refuse_words(task, {found.labels.get(task) for found in offer.found})
    return import_found(
        home,
        name,
        offer.found,
        split=split,
        origin=offer.origin,
        rejected=offer.rejected,
        total=len(offer.found),
        limit_bytes=offer.limit_bytes,
        progress=progress,
    )


def _refuse_what_does_not_fit(home: Home, offer: Offer) -> None:
    """Said before the long work; what the source says of its sizes is not trusted further than this."""
    free = free_bytes(home.datasets)
    if offer.bytes + SPARE_BYTES > free:
        raise DiskFull(
            f'The photos of "{offer.origin}" take {offer.bytes / 1e9:,.1f} GB; only {free / 1e9:,.1f} GB are free.',
            "Free some room, or keep Graft's folder on another disk with --home.",
        )


def _tasks_of(photos: Sequence[Photo]) -> list[Task]:
    """In the order in which the source names them."""
    names = list(dict.fromkeys(name for photo in photos for name in photo.labels))
    if not names:
        raise BadDataset("None of the photos has a label.", "Put them into class folders, or add a CSV with labels.")
    return [Task(name) for name in names]


def _nothing_read(origin: str, rejected: Sequence[Rejected]) -> BadDataset:
    if not rejected:
        return BadDataset(f'"{origin}" holds no photos.', "Put the photos of each class into a folder of its own.")
    first = rejected[0]
    return BadDataset(
        f'No photo could be read from "{origin}" ({len(rejected):,} tried). "{first.name}": {first.reason}',
        "Use JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF.",
    )


def _named_alike(found: Iterable[Found], dataset: Dataset) -> list[Found]:
    """Class folders label the dataset's first task, whatever that is called."""
    first = dataset.tasks[0].name
    if CLASS in {task.name for task in dataset.tasks}:
        return list(found)
    return [
        replace(one, labels={first if task == CLASS else task: label for task, label in one.labels.items()})
        for one in found
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
    known = {task.name for task in dataset.tasks}
    table, tasks = encode(both, [*dataset.tasks, *(task for task in _tasks_of(photos) if task.name not in known)])
    fixed: list[Split | None] = [split if split in SPLITS else None for split in both["split"]]
    table["split"] = draw_splits(
        strata_of(table, tasks), list(table["group"]), list(table["hash"]), _shares(dataset), fixed
    )
    return replace(dataset, table=table, tasks=tasks, rejected=(*dataset.rejected, *rejected))


def _shares(dataset: Dataset) -> SplitPlan:
    """As the dataset is split now; a different draw for each version."""
    train, validation, test = (len(dataset.indices(split)) / len(dataset) for split in SPLITS)
    if train == 0 or validation == 0:
        return replace(USUAL_SPLIT, seed=dataset.version)
    return SplitPlan(train, validation, test, seed=dataset.version)
