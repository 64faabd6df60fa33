"""Tiny-ImageNet-200 as a dataset in a home of its own: 100,000 photos to learn from, 10,000 held out to judge by."""

import csv
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from core.datasets import Dataset, LabeledPhoto, LabeledPhotos, Split, import_photos, list_datasets, load_dataset
from core.home import Home, Progress, silent

NAME = "tiny-imagenet-200"
TASK = "class"
PHOTOS = 110_000
_ZIPS: tuple[tuple[str, Split], ...] = (
    *((f"train-{number}.zip", "train") for number in range(4)),
    ("val.zip", "validation"),
)


def import_tiny_imagenet(home: Home, folder: Path, progress: Progress = silent) -> Dataset:
    """The dataset, taken in from the zips of `folder` if it is not in the home yet."""
    if NAME in {each.name for each in list_datasets(home)}:
        return load_dataset(home, NAME)
    with ExitStack() as opened:
        archives = [(opened.enter_context(zipfile.ZipFile(folder / name)), split) for name, split in _ZIPS]
        return import_photos(home, NAME, LabeledPhotos(_photos_of(archives), NAME, count=PHOTOS), progress=progress)


def _photos_of(archives: list[tuple[zipfile.ZipFile, Split]]) -> Iterator[LabeledPhoto]:
    for archive, split in archives:
        for name in archive.namelist():
            if name.endswith(".webp"):
                yield LabeledPhoto(name, partial(archive.open, name), {TASK: name.split("/")[0]}, split)


def classes_in_order(folder: Path) -> list[str]:
    """Names of the classes in the order of labels.csv, which is that of a starter's 200 answers."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [row["folder"] for row in csv.DictReader(file)]
