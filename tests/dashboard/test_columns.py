""" "What do these columns mean?": shown where there is doubt, filled in, changed, and gone where all is plain."""

import threading
from pathlib import Path

import pytest

from core.datasets import list_datasets, load_dataset
from dashboard.photos.columns_screen import TITLES
from tests.dashboard.conftest import words

TITLE = "What do these columns mean?"


def wait_for_imports() -> None:
    for thread in threading.enumerate():
        if thread.name == "graft-import":
            thread.join(120)


@pytest.fixture
def import_path(open_page):
    """import_path(folder): the start screen after that folder was named there, once its job has ended."""

    def give(path: Path):
        app = open_page()
        app.text_input(key="path").input(str(path)).run()
        app.button(key="use_path").click().run()
        return ended(app)

    return give


def ended(app):
    wait_for_imports()
    app.run()
    assert not app.exception
    return app


def role(app, column):
    return next(box for box in app.selectbox if box.label == f"What {column} means")


@pytest.fixture
def patients(draw_photos, tmp_path: Path) -> Path:
    """24 photos of 12 patients in one folder, with a table about them."""
    folder = draw_photos(tmp_path / "patients", {"images": 24})
    rows = [f"{n:04}.png,P{n // 2},{('ill', 'well')[n // 2 % 2]},{20 + n // 2}" for n in range(24)]
    (folder / "meta.csv").write_text("\n".join(["image,patient_id,dx,age", *rows]))
    return folder


def test_a_table_with_several_columns_is_shown_before_it_is_imported(import_path, home, patients):
    app = import_path(patients)
    assert app.title[0].value == TITLE
    assert list_datasets(home) == []
    assert {name: role(app, name).value for name in ("image", "patient_id", "dx", "age")} == {
        "image": "photo",
        "patient_id": "group",
        "dx": "class",
        "age": "number",
    }
    said = words(app)
    assert "12 groups of photos: no split parts one." in said
    assert '<b class="loud">dx</b>: 2 classes' in said
    assert said.count("<figure>") == 12
    app.button(key="import_columns").click().run()
    ended(app)
    assert app.title[0].value == "Your photos"
    dataset = load_dataset(home, "patients")
    assert [task.name for task in dataset.tasks] == ["dx"]
    assert dataset.table["group"].nunique() == 12
    assert "12 groups of photos, none in more than one split" in words(app)


def test_another_role_shows_at_once_what_comes_of_it_and_is_remembered(import_path, home, patients):
    app = import_path(patients)
    role(app, "age").set_value("class")
    role(app, "patient_id").set_value("leave-out")
    app.run()
    assert "age</b>: 12 classes" in words(app)
    assert "groups of photos" not in words(app)
    app.button(key="import_columns").click().run()
    ended(app)
    assert [task.name for task in load_dataset(home, "patients").tasks] == ["dx", "age"]
    again = import_path(patients)
    assert "as you decided before" in words(again)
    assert role(again, "age").value == "class"


def test_without_a_class_it_cannot_go_on_and_says_why(import_path, patients):
    app = import_path(patients)
    role(app, "dx").set_value("leave-out").run()
    assert app.button(key="import_columns").disabled
    assert "Choose the column that says what the photos show" in words(app)


def test_words_of_splits_that_are_not_known_are_asked_for(import_path, home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "photos", {"images": 24})
    rows = [f"{n:04}.png,{'ab'[n % 2]},{'AAAB'[n // 2 % 4]}" for n in range(24)]
    (folder / "labels.csv").write_text("\n".join(["file,label,split", *rows]))
    app = import_path(folder)
    assert '"split" names splits, but what "A" and "B" mean is not known' in words(app).replace("\\", "")
    assert app.button(key="import_columns").disabled
    for word, split in (("A", "train"), ("B", "test")):
        next(box for box in app.selectbox if box.label == f"Split of {word}").set_value(split)
    app.run()
    app.button(key="import_columns").click().run()
    ended(app)
    assert len(load_dataset(home, "photos").indices("test")) == 6


def test_classes_in_file_names_are_filled_in_and_wait_for_a_click(import_path, home, draw_photos, tmp_path):
    folder = tmp_path / "pets"
    for kind in ("cat", "dog"):
        for photo in draw_photos(tmp_path / "drawn" / kind, {kind: 6}).rglob("*.png"):
            folder.mkdir(exist_ok=True)
            photo.rename(folder / f"{kind}.{photo.stem}.png")
    app = import_path(folder)
    assert app.title[0].value == TITLE
    assert role(app, "name 1").value == "class"
    app.button(key="import_columns").click().run()
    ended(app)
    assert load_dataset(home, "pets").tasks[0].classes == ("cat", "dog")


def test_plain_class_folders_are_imported_without_a_question(import_path, home, draw_photos, tmp_path):
    app = import_path(draw_photos(tmp_path / "birds", {"owl": 8, "tit": 8}))
    assert app.title[0].value == "Your photos"
    assert list_datasets(home)[0].name == "birds"


def test_one_column_of_files_and_one_of_classes_is_imported_without_a_question(
    import_path, home, draw_photos, tmp_path
):
    folder = draw_photos(tmp_path / "photos", {"images": 12})
    (folder / "labels.csv").write_text("\n".join(["file,label", *(f"{n:04}.png,{'ab'[n % 2]}" for n in range(12))]))
    assert import_path(folder).title[0].value == "Your photos"


def test_cancel_leads_back_and_keeps_nothing(import_path, home, patients):
    app = import_path(patients)
    app.button(key="cancel_columns").click().run()
    assert app.title[0].value == "Teach a network to see what you see"
    assert "job" not in app.query_params
    assert list_datasets(home) == []
    assert patients.is_dir()


def test_a_refresh_comes_back_to_the_columns(import_path, open_page, patients):
    app = import_path(patients)
    assert open_page(job=app.query_params["job"]).title[0].value == TITLE


def test_every_role_has_a_word(import_path, patients):
    app = import_path(patients)
    assert set(role(app, "age").options) <= set(TITLES.values())
