"""Step 1 without a browser: what it shows in each state, and what its parts tell each other."""

import json
import os
import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import (
    delete_dataset,
    import_dataset,
    import_unlabelled,
    inbox,
    leave_out,
    list_datasets,
    load_dataset,
    samples,
)
from core.errors import GraftError
from core.exports import DATASET_EXPORTS, Export
from dashboard.components.drop_zone import Upload, parse_upload
from dashboard.components.photo_grid import Edit, parse_edit
from dashboard.photos.camera import add_photo, class_name, read_session, unfinished_sessions
from dashboard.photos.dataset_screen import import_in_words
from dashboard.photos.importing import unused_dataset_name
from dashboard.shared import background_jobs
from tests.conftest import draw_photo
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_run

FOLDER = "0123456789abcdef" * 2


def button(app, label):
    return next(b for b in app.button if b.label == label)


def component(app, name):
    """The payload that a component got."""
    return next(json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name.endswith(name))


def test_a_deleted_dataset_that_a_run_needs_is_shown_and_called_deleted(open_page, home, small):
    assert "was deleted" not in words(open_page(dataset=small.id))
    made_run(home, small)
    delete_dataset(home, small.id)
    said = words(open_page(dataset=small.id))
    assert "This dataset was deleted" in said
    assert "24 photos" in said


def test_a_damaged_dataset_is_named_and_stops_none_of_the_others(open_page, home, small, many):
    for table in (home.datasets / small.id).glob("*.parquet"):
        table.write_bytes(b"{")
    app = open_page()
    said = words(app)
    assert 'Small &amp; *bold* <span class="pill stop">damaged</span>' in said
    assert app.button(key=f"delete_{small.id}").label == "Delete"
    app.button(key=f"open_{many.id}").click().run()
    assert app.title[0].value == "Your photos"


def test_photos_without_labels_are_listed_and_shown_with_what_they_are_good_for(open_page, home, small, tmp_path):
    folder = tmp_path / "loose"
    for number in range(12):
        draw_photo(folder / f"{number}.png", 1, number)
    loose = import_unlabelled(home, "Loose", folder)
    app = open_page()
    assert "12 photos, no labels" in words(app)
    app.button(key=f"open_{loose.id}").click().run()
    assert not app.exception
    said = words(app)
    assert "12 photos, no labels. All could be read." in said
    assert "The photos have no labels: sort them into groups, or adapt a model to them" in said
    assert len(component(app, "photo_grid")["shown"]) == 12
    for page in ("model", "plan", "train", "results", "runs", "use"):
        other = open_page(page, dataset=loose.id)
        assert "is not here" not in words(other)


# Nothing yet


def test_the_first_screen_says_what_to_do(open_page):
    app = open_page()
    assert app.title[0].value == "Teach a network to see what you see"
    assert component(app, "drop_zone")["url"] == "/graft/uploads"
    for sample in samples():
        assert sample.title in words(app)


@pytest.mark.slow
def test_a_sample_becomes_a_dataset_and_is_shown(open_page, home):
    app = open_page()
    app.button(key="use_digits").click().run()
    wait_for_imports()
    app.run()
    assert not app.exception
    assert app.title[0].value == "Your photos"
    assert list_datasets(home)[0].name == "Handwritten digits"


def wait_for_imports():
    import threading

    for thread in threading.enumerate():
        if thread.name == "graft-import":
            thread.join(120)


def test_a_path_of_nothing_is_said_in_place(open_page):
    app = open_page()
    app.text_input(key="path").input("/no/such/folder").run()
    app.button(key="use_path").click().run()
    assert "There is nothing at" in app.error[0].value


def test_a_folder_on_this_computer_is_imported(open_page, home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "birds", {"owl": 8, "tit": 8})
    app = open_page()
    app.text_input(key="path").input(str(folder)).run()
    app.button(key="use_path").click().run()
    wait_for_imports()
    app.run()
    assert list_datasets(home)[0].name == "birds"
    assert "16 photos, 2 classes" in words(app)


def test_an_import_that_fails_says_why_and_the_screen_stays(open_page, tmp_path):
    (tmp_path / "empty").mkdir()
    app = open_page()
    app.text_input(key="path").input(str(tmp_path / "empty")).run()
    app.button(key="use_path").click().run()
    wait_for_imports()
    app.run()
    assert app.error[0].value
    assert app.title[0].value == "Teach a network to see what you see"


def test_an_import_that_goes_on_shows_its_bar_in_every_tab(open_page):
    import threading

    go = threading.Event()
    work = background_jobs.start(
        "import", "a test", "Reading *owls*", lambda progress: (progress(3, 10, "reading"), go.wait(30))
    )
    try:
        while not work.done:
            pass
        shown = words(open_page())
        assert "Reading \\*owls\\*" in shown
    finally:
        go.set()
        wait_for_imports()


def test_while_a_tab_waits_for_its_import_there_is_nothing_else_to_do(open_page):
    import threading

    go = threading.Event()
    work = background_jobs.start("import", "a test", "Reading owls", lambda progress: go.wait(30))
    try:
        app = open_page(job=work.id)
        assert app.title[0].value == "Getting the photos ready"
        assert "Reading owls" in words(app)
        assert [each.label for each in app.button] == ["Cancel"]
    finally:
        go.set()
        wait_for_imports()


def test_a_second_import_of_one_name_says_what_it_is_called(open_page, home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "birds", {"owl": 8, "tit": 8})
    import_dataset(home, "Birds", folder)
    app = open_page()
    app.text_input(key="path").input(str(folder)).run()
    app.button(key="use_path").click().run()
    wait_for_imports()
    app.run()
    assert [toast.value for toast in app.toast if "birds 2" in toast.value]


def test_what_was_begun_and_what_is_there_comes_first(open_page, small):
    app = open_page()
    headers = [each.value for each in app.header]
    assert headers.index("Your datasets") < headers.index("Or begin with a set that is here already")


def test_datasets_that_are_there_can_be_opened(open_page, small):
    app = open_page()
    app.button(key=f"open_{small.id}").click().run()
    assert app.title[0].value == "Your photos"
    assert app.query_params["dataset"] == small.id


# A dataset


def test_a_dataset_shows_its_classes_split_and_checks(open_page, small):
    app = open_page(dataset=small.id)
    assert [s.value for s in app.header] == ["Classes", "Split", "Checked"]
    assert "24 photos, 2 classes. All could be read." in words(app)
    assert component(app, "photo_grid")["classes"] == list(small.tasks[0].classes)


def test_a_dataset_is_offered_in_each_registered_format(open_page, small, monkeypatch):
    rows = Export("rows", "Table", "its rows", ".csv", write=lambda home, dataset, target: target)
    monkeypatch.setitem(DATASET_EXPORTS, "rows", rows)
    monkeypatch.setitem(DATASET_EXPORTS, "none", replace(rows, id="none", extra="a_package_that_nobody_wrote"))
    said = words(open_page("photos", dataset=small.id))
    for export_id, label in (("photos-zip", "Save as zip"), ("rows", "Save as csv")):
        assert f"/graft/datasets/{small.id}/versions/1/exports/{export_id}" in said
        assert label in said
    assert "exports/none" not in said


def test_no_name_reaches_the_page_as_html_or_markdown(open_page, small):
    shown = words(open_page(dataset=small.id))
    assert "<b>$x$" not in shown
    assert "&lt;b&gt;" in shown


def test_the_grid_shows_one_class_or_one_split(open_page, small):
    app = open_page(dataset=small.id)
    next(group for group in app.button_group if group.key.startswith(f"class_{small.id}_")).set_value(1).run()
    app.button_group(key=f"split_{small.id}").set_value("test").run()
    grid = component(app, "photo_grid")
    assert (grid["label"], grid["split"]) == (1, "test")


def test_a_version_back_undoes(open_page, home, small):
    newer = leave_out(home, small, [small.table["image_id"].iat[0]])
    app = open_page(dataset=small.id, version=str(newer.version))
    assert "23 photos" in words(app)
    button(app, "Undo the last change").click().run()
    assert "24 photos" in words(app)
    assert "Undo the last change" not in [each.label for each in app.button]


def test_an_older_version_that_a_run_brought_here_leads_to_the_newest(open_page, home, small):
    leave_out(home, small, [small.table["image_id"].iat[0]])
    app = open_page(dataset=small.id, version="1")
    assert "Version 1 of 2" in [each.value for each in app.caption]
    button(app, "Show the newest").click().run()
    assert "23 photos" in words(app)


def ask(question, dataset_id):
    """One of the page's dialogs alone: AppTest does not keep a dialog open over a click."""

    def script(question):
        from dashboard.photos import dialogs
        from dashboard.session import state

        state.sync_query_params()
        if dataset := state.current_dataset():
            getattr(dialogs, question)(dataset)

    app = AppTest.from_function(script, args=(question,), default_timeout=60)
    app.query_params["dataset"] = dataset_id
    return app.run()


@pytest.mark.parametrize("label", ["Add photos", "Rename", "Delete", "Change the split"])
def test_each_question_opens(open_page, small, label):
    app = open_page(dataset=small.id)
    button(app, label).click().run()
    assert not app.exception
    assert len(app.get("dialog")) == 1


def test_another_split_makes_a_new_version(home, small):
    app = ask("open_split_dialog", small.id)
    app.slider[0].set_value(25)
    app.slider[1].set_value(25)
    app.button(key="split_now").click().run()
    assert not app.exception
    shared = load_dataset(home, small.id)
    assert shared.version == 2
    assert len(shared.indices("validation")) == pytest.approx(6, abs=1)


def test_renaming_to_a_taken_name_is_refused_in_place(home, small, draw_photos, tmp_path):
    import_dataset(home, "birds", draw_photos(tmp_path / "birds", {"owl": 4, "tit": 4}))
    app = ask("open_rename_dialog", small.id)
    app.text_input[0].input("Birds")
    app.button(key="rename_now").click().run()
    assert app.error
    assert load_dataset(home, small.id).name == small.name


def test_a_deleted_dataset_is_gone_and_no_longer_chosen(home, small):
    app = ask("open_delete_dialog", small.id)
    app.button(key="delete_now").click().run()
    assert not list_datasets(home)
    assert "dataset" not in app.query_params


def test_what_could_not_be_read_is_listed_with_its_reason(open_page, home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "birds", {"owl": 4, "tit": 4})
    (folder / "owl" / "<i>.jpg").write_text("no picture")
    dataset = import_dataset(home, "birds", folder)
    app = open_page(dataset=dataset.id)
    assert "1 left out" in words(app)
    assert "&lt;i&gt;.jpg" in words(app)


def test_one_class_cannot_go_on_and_says_why(open_page, home, draw_photos, tmp_path):
    try:
        dataset = import_dataset(home, "one", draw_photos(tmp_path / "one", {"owl": 6}))
    except GraftError:
        pytest.skip("refused at the import already")
    app = open_page(dataset=dataset.id)
    assert button(app, "Next: choose a model").disabled


def test_it_says_in_words_what_came_of_the_import(small):
    assert import_in_words(small) == "24 photos, 2 classes. All could be read."


# What the browser tells is not to be trusted


@pytest.mark.parametrize(
    "reported",
    [
        None,
        "x",
        {"kind": "delete everything", "ids": ["a"]},
        {"kind": "leave out", "ids": "all"},
        {"kind": "leave out", "ids": ["../x", 3, None]},
        {"kind": "relabel", "ids": [], "label": "dogs"},
    ],
)
def test_nonsense_from_the_grid_is_no_edit(small, reported):
    assert parse_edit(reported, small) is None


def test_an_edit_names_photos_that_exist_and_a_class_that_may_be_new(small):
    first = small.table["image_id"].iat[0]
    reported = {"kind": "relabel", "ids": [first, "gone"], "label": "dogs"}
    assert parse_edit(reported, small) == Edit("relabel", (first,), "dogs")
    assert parse_edit(reported | {"label": "  new\n<b> "}, small) == Edit("relabel", (first,), "new <b>")
    assert len(parse_edit(reported | {"label": "x" * 10_000}, small).label) == 200


@pytest.mark.parametrize("label", [None, 7, "", " \x00\n"])
def test_a_class_without_a_name_is_no_edit(small, label):
    assert parse_edit({"kind": "relabel", "ids": list(small.table["image_id"]), "label": label}, small) is None


@pytest.mark.parametrize("folder", ["../x", "A" * 32, "0" * 31, 7, None])
def test_nonsense_from_the_drop_zone_is_no_upload(folder):
    assert parse_upload({"folder": folder, "files": 3, "name": "x"}) is None


def test_an_upload_without_a_common_folder_gets_a_plain_name():
    assert parse_upload({"folder": FOLDER, "files": 3, "name": " "}) == Upload(FOLDER, 3, "photos")
    unlabelled = {"folder": FOLDER, "files": 3, "name": "shed", "unlabelled": True}
    assert parse_upload(unlabelled) == Upload(FOLDER, 3, "shed", unlabelled=True)


def test_a_taken_name_gets_a_number(home, small):
    assert unused_dataset_name(home, small.name.upper()) == f"{small.name.upper()} 2"
    assert unused_dataset_name(home, "new") == "new"


# The camera


def test_photos_of_the_camera_lie_like_an_upload_and_survive(home):
    for _ in range(3):
        add_photo(home, read_session(home, FOLDER), "cup", b"jpeg")
    add_photo(home, read_session(home, FOLDER), "fork", b"jpeg")
    assert read_session(home, FOLDER).counts == {"cup": 3, "fork": 1}
    names = [json.loads(p.read_text())["name"] for p in sorted((home.inbox / FOLDER).glob("*.json"))]
    assert names == ["cup/0001.jpg", "cup/0002.jpg", "cup/0003.jpg", "fork/0001.jpg"]
    assert not read_session(home, FOLDER).is_complete


@pytest.mark.slow
def test_photos_of_the_camera_outlive_the_tab_a_failed_import_and_the_sweep(open_page, home):
    for label in ("cup", "fork"):
        for number in range(3):
            add_photo(home, read_session(home, FOLDER), label, b"no picture" + bytes([number]))
    app = open_page()  # another tab, without its address
    app.button(key=f"go_on_{FOLDER}").click().run()
    assert app.query_params["camera"] == FOLDER
    app.button(key="camera_done").click().run()
    wait_for_imports()
    assert list_datasets(home) == [], "none of them is a picture"
    assert read_session(home, FOLDER).counts == {"cup": 3, "fork": 3}
    long_ago = time.time() - 10 * inbox.EXPIRY_SECONDS
    os.utime(home.inbox / FOLDER, (long_ago, long_ago))
    inbox.delete_expired(home)
    assert [left.folder for left in unfinished_sessions(home)] == [FOLDER]
    app = open_page()
    app.button(key=f"throw_{FOLDER}").click().run()
    assert unfinished_sessions(home) == []


@pytest.mark.parametrize(("typed", "name"), [("a/b\\c", "a b c"), ("../..", ""), ("  two   words ", "two words")])
def test_a_class_name_can_stand_in_a_files_name(typed, name):
    assert class_name(typed) == name


def test_with_several_labels_one_chooses_which_to_see_and_learn(open_page, home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 6, "ash": 6})
    lines = [
        f"{p.relative_to(folder).as_posix()},{p.parent.name},{'ab'[int(p.stem) % 2]}" for p in folder.rglob("*.png")
    ]
    (folder / "labels.csv").write_text("image,species,health\n" + "\n".join(lines))
    dataset = import_dataset(home, "leaves", folder / "labels.csv")
    app = open_page(dataset=dataset.id)
    app.button_group(key=f"task_{dataset.id}").set_value("health").run()
    assert component(app, "photo_grid")["classes"] == ["a", "b"]
    assert app.query_params["task"] == "health"
