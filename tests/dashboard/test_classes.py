"""Classes where they are listed: what the browser may ask for, and what the page does at one click."""

import json

import pytest
from PIL import Image

from core.datasets import check, import_dataset, load_dataset
from core.tasks import Task
from dashboard.components.class_list import ClassEdit, parse_class_edit
from dashboard.photos.mends import MENDS
from tests.conftest import draw_photo
from tests.dashboard.conftest import words
from tests.dashboard.test_photos import component

PETS = Task("class", ("cat", "dog"))


@pytest.fixture
def pets(home, draw_photos, tmp_path):
    return import_dataset(home, "pets", draw_photos(tmp_path / "pets", {"Cat": 8, "cat": 12, "dog": 12}))


def test_classes_are_listed_with_their_counts_the_largest_first(open_page, pets):
    assert component(open_page(dataset=pets.id), "class_list")["counts"] == [["cat", 12], ["dog", 12], ["Cat", 8]]


def test_classes_that_are_spelled_alike_are_joined_at_one_click_and_undone_at_another(open_page, home, pets):
    app = open_page(dataset=pets.id)
    assert "are spelled alike" in words(app)
    app.button(key="mend_Join them").click().run()
    assert not app.exception
    joined = load_dataset(home, pets.id)
    assert joined.counts(joined.tasks[0]) == {"cat": 20, "dog": 12}
    assert "are spelled alike" not in words(app)
    next(b for b in app.button if b.label == "Undo the last change").click().run()
    assert load_dataset(home, pets.id).tasks == pets.tasks


@pytest.fixture
def leaking(home, draw_photos, tmp_path):
    """Two photos that teach and test."""
    folder = draw_photos(tmp_path / "leaking" / "train", {"cat": 12, "dog": 12}).parent
    for number in range(8):
        draw_photo(folder / "val" / ("cat", "dog")[number % 2] / f"{number}.png", number % 2, 100 + number)
    for kind in ("cat", "dog"):
        (folder / "test" / kind).mkdir(parents=True)
        with Image.open(folder / "train" / kind / "0003.png") as image:
            image.save(folder / "test" / kind / "again.png", compress_level=1)
    return import_dataset(home, "leaking", folder)


def leaks(dataset):
    return [found.sentence for found in check(dataset) if found.mend == "copies"]


@pytest.mark.parametrize(("label", "photos"), [("Keep copies together", 34), ("Leave copies out", 32)])
def test_a_leak_between_splits_is_shown_and_mended_at_one_click(open_page, home, leaking, label, photos):
    assert len(leaks(leaking)) == 1
    app = open_page(dataset=leaking.id)
    assert leaks(leaking)[0] in words(app)
    shown = [json.loads(c.proto.json).get("shown") for c in app.get("bidi_component")]
    copies = next(each for each in shown if isinstance(each, list))
    assert [caption.split(": ")[0] for _, caption in copies].count("test") == 2
    app.button(key=f"mend_{label}").click().run()
    assert not app.exception
    mended = load_dataset(home, leaking.id)
    assert (leaks(mended), len(mended)) == ([], photos)


def test_every_mend_that_a_check_names_is_there(pets):
    named = {found.mend for found in check(pets)} - {""}
    assert named
    assert named <= set(MENDS)


@pytest.mark.parametrize(
    ("reported", "edit"),
    [
        ({"kind": "rename", "name": "cat", "to": " Felis\ncatus "}, ClassEdit("rename", "cat", "Felis catus")),
        ({"kind": "rename", "name": "cat", "to": "dog"}, ClassEdit("rename", "cat", "dog")),
        ({"kind": "add", "name": " owl "}, ClassEdit("add", "owl")),
        ({"kind": "add", "name": "cat"}, ClassEdit("add", "cat")),
    ],
)
def test_what_the_list_asks_for_is_understood(reported, edit):
    assert parse_class_edit(reported, PETS) == edit


@pytest.mark.parametrize(
    "reported",
    [
        None,
        "rename",
        {"kind": "delete", "name": "cat"},
        {"kind": "rename", "name": "cat", "to": "cat"},
        {"kind": "rename", "name": "cat", "to": " "},
        {"kind": "rename", "name": "cat"},
        {"kind": "rename", "name": "owl", "to": "cat"},
        {"kind": "rename", "name": ["cat"], "to": "x"},
        {"kind": "add", "name": ""},
        {"kind": "add", "name": 7},
    ],
)
def test_nonsense_from_the_list_is_no_edit(reported):
    assert parse_class_edit(reported, PETS) is None
