"""A labelled dataset out of groups: a new version of the dataset, or a dataset of its own."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.datasets import Dataset, LabeledPhoto, LabeledPhotos, add_task, import_photos
from core.home import Home, Progress, silent

TASK = "class"


def label_by_groups(home: Home, dataset: Dataset, labels: Mapping[str, str]) -> Dataset:
    """The next version of a dataset without labels, in which photos have them. labels: by image_id; photos that are
    missing in it stay without. Raises what `core.datasets.add_task` does.
    """
    return add_task(home, dataset, TASK, labels)


def save_as_dataset(
    home: Home, dataset: Dataset, name: str, labels: Mapping[str, str], progress: Progress = silent
) -> Dataset:
    """A new dataset of all photos with these labels alone, by image_id; the one they come from stays as it is.

    Raises BadInput (the name is taken), DiskFull.
    """
    photos = [
        LabeledPhoto(photo, partial(_open, dataset.path(image_id)), _labels(labels.get(image_id)), group=group)
        for image_id, photo, group in dataset.table[["image_id", "name", "group"]].to_numpy()
    ]
    source = LabeledPhotos(photos, f"groups of {dataset.name}", count=len(photos))
    return import_photos(home, name, source, progress=progress)


def _labels(label: str | None) -> dict[str, str]:
    return {TASK: label} if label else {}


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
