"""A dataset's photos in a zip: what is in it, and that nothing is lost on the way there and back."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.datasets import Dataset, import_dataset, is_formula, leave_out, relabel, without_formula
from core.datasets.formulas import with_formula
from core.errors import BadDataset, BadInput
from core.exports import DATASET_EXPORTS, photos_zip
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


def reported(dataset: Dataset) -> dict[str, tuple]:
    """By content: the labels, split and group of each photo."""
    table = dataset.table
    columns = [[task.classes[i] if i >= 0 else None for i in dataset.labels(task)] for task in dataset.tasks]
    return {row[0]: row[1:] for row in zip(table["hash"], *columns, table["split"], table["group"], strict=True)}


def test_a_zip_that_is_imported_again_is_the_same_dataset(home: Home, leaves: Dataset, tmp_path: Path):
    edited = relabel(home, leaves, leaves.table["image_id"][:2], "species", 'a/b: "c"')
    edited = leave_out(home, edited, edited.table["image_id"][-1:])
    again = import_dataset(home, "again", photos_zip(edited, tmp_path / "leaves.zip"))
    assert reported(again) == reported(edited)
    assert again.rejected == ()


def test_photos_lie_in_folders_of_their_classes_as_they_came(leaves: Dataset, tmp_path: Path):
    with zipfile.ZipFile(photos_zip(leaves, tmp_path / "leaves.zip")) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names)) == 25
        assert {name.split("/")[0] for name in names} == {"oak", "elm", "labels.csv"}
        originals = {leaves.path(image_id).read_bytes() for image_id in leaves.table["image_id"]}
        assert {archive.read(name) for name in names if name.endswith(".png")} == originals


@pytest.mark.parametrize("label", ["../../up", "C:\\x", "..", "a\0b", "nul", "Aux.1", "__MACOSX", "x" * 90])
def test_no_label_leads_out_of_the_zip_or_to_a_name_that_some_system_refuses(
    home: Home, leaves: Dataset, tmp_path: Path, label: str
):
    edited = relabel(home, leaves, leaves.table["image_id"][:1], "species", label)
    with zipfile.ZipFile(photos_zip(edited, tmp_path / "leaves.zip")) as archive:
        folders = {name.rpartition("/")[0] for name in archive.namelist()}
    for folder in folders - {""}:
        assert (tmp_path / "x" / folder).resolve().is_relative_to(tmp_path / "x")
        assert folder.casefold().partition(".")[0] not in ("nul", "aux", "__macosx", "")
        assert len(folder) <= 90
    assert reported(import_dataset(home, "again", tmp_path / "leaves.zip")) == reported(edited)


@pytest.mark.parametrize("tasks", [("image", "split"), ("groups", "set"), ("label", "class")])
def test_whatever_labels_and_tasks_are_called_they_come_back(
    home: Home, draw_photos, tmp_path: Path, tasks: tuple[str, str]
):
    folder = draw_photos(tmp_path / "photos", {"oak": 8, "elm": 8})
    rows = []
    for kind in ("oak", "elm"):
        for n in range(8):  # words that mean nothing elsewhere, one class alone, a class of each photo's own
            cells = ["" if n == 0 else "nan" if kind == "oak" else "null", f"train {n}" if n % 2 else "test"]
            rows.append(f"{kind}/{n:04}.png,{','.join(cells)},{('train', 'val', 'test')[n % 3]}")
    (folder / "labels.csv").write_text("\n".join([f"image,label:{tasks[0]},label:{tasks[1]},split", *rows]))
    dataset = import_dataset(home, "odd", folder / "labels.csv")
    assert {task.name for task in dataset.tasks} == set(tasks)
    assert dataset.task(tasks[0]).classes == ("nan", "null")
    again = import_dataset(home, "again", photos_zip(dataset, tmp_path / "odd.zip"))
    assert again.tasks == dataset.tasks
    assert reported(again) == reported(dataset)


def test_a_photo_that_is_gone_is_named(leaves: Dataset, tmp_path: Path):
    image_id = leaves.table["image_id"][3]
    leaves.path(image_id).unlink()
    with pytest.raises(BadDataset, match=r"0003\.png.* can no longer be read"):
        photos_zip(leaves, tmp_path / "leaves.zip")
    assert not (tmp_path / "leaves.zip").exists()


def test_a_place_that_cannot_be_written_is_said(leaves: Dataset, tmp_path: Path):
    with pytest.raises(BadInput, match="is a folder"):
        photos_zip(leaves, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        photos_zip(leaves, tmp_path / "file" / "leaves.zip")


@pytest.fixture
def with_places(home: Home, tmp_path: Path) -> Dataset:
    """Photos that say where they were taken."""
    made = Image.Exif()
    made.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.31), 29: "2026:11:27"})
    for kind, red in (("oak", 20), ("elm", 220)):
        for number in range(3):
            file = tmp_path / "places" / kind / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (60, 40), (red, number * 50, 9)).save(file, exif=made)
    return import_dataset(home, "places", tmp_path / "places")


def test_where_photos_were_taken_leaves_only_when_it_is_asked_for(home: Home, with_places: Dataset, tmp_path: Path):
    taken = {}
    for export_id in ("photos-zip", "photos-zip-gps"):
        target = DATASET_EXPORTS[export_id].save(home, with_places, tmp_path / f"{export_id}.zip")
        with zipfile.ZipFile(target) as archive:
            taken[export_id] = [archive.read(name) for name in archive.namelist() if name.endswith(".jpg")]
        assert len(taken[export_id]) == 6
    assert all(b"2026:11:27" in photo for photo in taken["photos-zip-gps"])
    assert not any(b"2026:11:27" in photo for photo in taken["photos-zip"])
    originals = {with_places.path(image_id).read_bytes() for image_id in with_places.table["image_id"]}
    assert set(taken["photos-zip-gps"]) == originals


def test_a_zip_with_places_is_not_offered_on_pages():
    assert [each.id for each in DATASET_EXPORTS.values() if each.is_on_pages] == ["photos-zip"]


FORMULAS = ["=1+1", '=HYPERLINK("http://evil.test")', "+1", "-1", "@x", "'=x", "''-x", "=cmd|' /C calc'!A0", "＝1"]


@pytest.mark.parametrize("label", FORMULAS)
def test_no_cell_is_a_formula_and_each_label_comes_back_as_it_was(
    home: Home, leaves: Dataset, tmp_path: Path, label: str
):
    edited = relabel(home, leaves, leaves.table["image_id"][:2], "species", label)
    target = photos_zip(edited, tmp_path / "leaves.zip")
    with zipfile.ZipFile(target) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("labels.csv").decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert f"'{label}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]
    assert reported(import_dataset(home, "again", target)) == reported(edited)


@given(st.text(st.sampled_from("=+-@' aＡ＝"), max_size=6))
def test_what_is_made_a_word_comes_back(text: str):
    assert with_formula(without_formula(text)) == text
    assert not is_formula(without_formula(text))
