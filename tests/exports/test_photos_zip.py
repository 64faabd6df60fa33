"""A dataset's photos in a zip: what is in it, and that nothing is lost on the way there and back."""

import zipfile
from pathlib import Path

import pytest

from core.datasets import Dataset, import_dataset, leave_out, relabel
from core.errors import BadInput
from core.exports import photos_zip
from core.home import Home


@pytest.fixture
def leaves(home: Home, draw_photos, tmp_path: Path) -> Dataset:
    folder = draw_photos(tmp_path / "photos", {"oak": 12, "elm": 12})
    rows = [
        f"{kind}/{n:04}.png,{kind},{'well' if n % 2 else ''},{('train', 'val', 'test')[n % 3]},{kind}{n // 2}"
        for kind in ("oak", "elm")
        for n in range(12)
    ]
    (folder / "labels.csv").write_text("\n".join(["image,species,health,split,group", *rows]))
    return import_dataset(home, "leaves", folder / "labels.csv")


def told(dataset: Dataset) -> dict[str, tuple]:
    """By content: the labels, split and group of each photo."""
    table = dataset.table
    columns = [[task.classes[i] if i >= 0 else None for i in dataset.labels(task)] for task in dataset.tasks]
    return {row[0]: row[1:] for row in zip(table["hash"], *columns, table["split"], table["group"], strict=True)}


def test_a_zip_that_is_imported_again_is_the_same_dataset(home: Home, leaves: Dataset, tmp_path: Path):
    edited = relabel(home, leaves, leaves.table["image_id"][:2], "species", 'a/b: "c"')
    edited = leave_out(home, edited, edited.table["image_id"][-1:])
    again = import_dataset(home, "again", photos_zip(edited, tmp_path / "leaves.zip"))
    assert told(again) == told(edited)
    assert again.rejected == ()


def test_photos_lie_in_folders_of_their_classes_as_they_came(leaves: Dataset, tmp_path: Path):
    with zipfile.ZipFile(photos_zip(leaves, tmp_path / "leaves.zip")) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names)) == 25
        assert {name.split("/")[0] for name in names} == {"oak", "elm", "labels.csv"}
        originals = {leaves.path(image_id).read_bytes() for image_id in leaves.table["image_id"]}
        assert {archive.read(name) for name in names if name.endswith(".png")} == originals


@pytest.mark.parametrize("label", ["../../up", "C:\\x", "..", "a\0b", " "])
def test_no_label_leads_out_of_the_zip(home: Home, leaves: Dataset, tmp_path: Path, label: str):
    edited = leaves if not label.strip() else relabel(home, leaves, leaves.table["image_id"][:1], "species", label)
    with zipfile.ZipFile(photos_zip(edited, tmp_path / "leaves.zip")) as archive:
        for name in archive.namelist():
            assert (tmp_path / "x" / name).resolve().is_relative_to(tmp_path / "x")
            assert ".." not in name.split("/")


def test_a_place_that_cannot_be_written_is_said(leaves: Dataset, tmp_path: Path):
    with pytest.raises(BadInput, match="is a folder"):
        photos_zip(leaves, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        photos_zip(leaves, tmp_path / "file" / "leaves.zip")
