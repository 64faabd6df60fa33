"""A dataset's photos with their labels in one zip, to keep or to use elsewhere."""

import csv
import io
import os
import re
import zipfile
from pathlib import Path

from core.datasets import Dataset, is_formula, is_noise, labels_in_words, without_formula, without_location
from core.errors import BadDataset, BadInput
from core.exports.export import Export
from core.home import whole_file
from core.names import is_device_of_windows

TABLE, NO_LABEL = "labels.csv", "no label"


def photos_zip(dataset: Dataset, target: Path, with_gps: bool = False) -> Path:
    """Write a folder per class with its photos and a table of all labels, splits and groups; gives `target` back.
    Imported again, all of these are as they were.

    with_gps: where a photo was taken leaves with it; otherwise that alone goes (`without_location`).

    Raises BadInput (no file can be there), BadDataset (an original is gone), DiskFull.
    """
    if os.path.isdir(target):  # which no name is too long for
        raise BadInput(f'"{target}" is a folder.', "Name a file in it, ending in .zip.")
    places = _places(dataset)
    try:
        with whole_file(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(TABLE, _table(dataset, places))
            for image_id, place in zip(dataset.table["image_id"], places, strict=True):
                original = _original(dataset, image_id)
                archive.writestr(place, original if with_gps else without_location(original))
    except OSError as error:
        raise BadInput(f'"{target}" cannot be written: {error.strerror}.', "Choose another place.") from error
    return target


def _original(dataset: Dataset, image_id: str) -> bytes:
    try:
        return dataset.path(image_id).read_bytes()
    except OSError as error:
        name = dataset.table["name"].iat[dataset.row[image_id]]
        raise BadDataset(f'The photo "{name}" can no longer be read.', "Leave it out, then save the others.") from error


def _places(dataset: Dataset) -> list[str]:
    """Where each photo lies in the zip: its class of the first task, an id that no other one has, its kind of file.

    Without tasks, all lie in one folder.
    """
    if not dataset.tasks:
        files = zip(dataset.table["image_id"], dataset.table["file"], strict=True)
        return [f"photos/{image_id}{Path(file).suffix}" for image_id, file in files]
    labels = labels_in_words(dataset)[dataset.tasks[0].column]
    return [
        f"{_folder(label or NO_LABEL)}/{image_id}{Path(file).suffix}"
        for label, image_id, file in zip(labels, dataset.table["image_id"], dataset.table["file"], strict=True)
    ]


def _folder(label: str) -> str:
    """The label as every system can call a folder; the table has it as it is."""
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", label).strip(" .")[:80].rstrip(" .") or "class"
    return f"class {name}" if is_device_of_windows(name) or is_noise(name) or is_formula(name) else name


def _table(dataset: Dataset, places: list[str]) -> bytes:
    words, tasks = labels_in_words(dataset), dataset.tasks
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    groups = ["group"] if words["group"].notna().any() else []
    columns = [task.column for task in tasks]  # label:species, which the import takes for one whatever stands in it
    writer.writerow(["image", *columns, "split", *groups])  # none of these begins as a formula does
    rows = list(zip(places, words[[*columns, "split", *groups]].itertuples(index=False), strict=True))
    rows.sort(key=lambda row: sum(value is None for value in row[1]))  # the first one names all tasks, in order
    for place, row in rows:
        writer.writerow([place, *(without_formula(value or "") for value in row)])
    return file.getvalue().encode("utf-8-sig")  # with the mark by which spreadsheets know UTF-8


PHOTOS_ZIP = Export[Dataset](
    id="photos-zip",
    title="Zip of photos",
    sentence="a folder per class with its photos, without where they were taken, and a table of all labels, splits and "
    "groups",
    suffix=".zip",
    write=lambda home, dataset, target: photos_zip(dataset, target),
)
PHOTOS_ZIP_GPS = Export[Dataset](
    id="photos-zip-gps",
    title="Zip of photos with GPS",
    sentence="the same with the photos exactly as they came, also where they were taken",
    suffix=".zip",
    write=lambda home, dataset, target: photos_zip(dataset, target, with_gps=True),
    is_on_pages=False,
)
