"""Datasets have names and versions; a change makes a version, and nothing that is in use goes away."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.datasets import (
    Dataset,
    SplitPlan,
    add_photos,
    delete_dataset,
    free_deleted,
    import_dataset,
    is_deleted,
    leave_out,
    list_datasets,
    load_dataset,
    relabel,
    rename_dataset,
    split_again,
    undo,
)
from core.errors import BadDataset, BadInput, NotFound, Refused
from core.home import Home, database, open_home
from tests.datasets.conftest import classes_by_name, leftovers, photo


@pytest.fixture
def leaves(home, draw_photos, tmp_path) -> Dataset:
    """Ten photos of oak, ten of fir."""
    return import_dataset(home, "leaves", draw_photos(tmp_path / "leaves", {"oak": 10, "fir": 10}))


def refer(home: Home, dataset: Dataset) -> None:
    """A run that used the dataset."""
    with database(home, write=True) as connection:
        connection.execute(
            "INSERT INTO runs (id, name, state, created, plan, plan_hash, dataset_id, device) VALUES (?,?,?,?,?,?,?,?)",
            ("r1", "run", "finished", 0.0, "{}", "", dataset.id, "cpu"),
        )


def test_a_dataset_is_found_by_name_and_by_id_and_read_once(home, leaves):
    assert load_dataset(home, "leaves") is load_dataset(home, leaves.id)
    assert load_dataset(home, "LEAVES") is load_dataset(home, "leaves", version=1)


@pytest.mark.slow
def test_what_was_imported_is_the_same_in_another_process(home, leaves):
    read = "import sys; from core.home import open_home; from core.datasets import load_dataset; "
    read += "d = load_dataset(open_home(sys.argv[1]), 'leaves'); print(d.table.to_csv(), d.tasks, d.splits_from)"
    said = subprocess.run([sys.executable, "-c", read, str(home.root)], capture_output=True, text=True, check=True)
    assert said.stdout == f"{leaves.table.to_csv()} {leaves.tasks} {leaves.splits_from}\n"


def test_a_missing_dataset_names_what_there_is(home, leaves):
    with pytest.raises(NotFound, match='There is no dataset called "leafs". There are: leaves.'):
        load_dataset(home, "leafs")
    for version in (7, 2**63, 10**30):
        with pytest.raises(NotFound, match=f'no version {version} of a dataset called "leaves"'):
            load_dataset(home, "leaves", version)


def test_the_list_shows_the_newest_version_of_each_newest_first(home, leaves, draw_photos, tmp_path):
    import_dataset(home, "shells", draw_photos(tmp_path / "shells", {"a": 3, "b": 3}))
    leave_out(home, leaves, leaves.table["image_id"][:5])
    newest, oldest = list_datasets(home)
    assert (newest.name, newest.images, newest.origin) == ("shells", 6, "shells")
    assert (oldest.name, oldest.version, oldest.images, oldest.tasks) == ("leaves", 2, 15, leaves.tasks)
    assert sum(oldest.counts.values()) == 15


def test_an_old_version_stays_as_it_was(home, leaves):
    before = leaves.table.copy()
    split_again(home, leaves, SplitPlan(0.5, 0.25, 0.25, seed=5))
    relabel(home, leaves, leaves.table["image_id"][:3], "class", "ash")
    assert load_dataset(home, "leaves").version == 3
    assert load_dataset(home, "leaves", version=1).table.equals(before)


def test_what_was_undone_stays_undone_and_undo_goes_on_to_the_beginning(home, leaves):
    ids = list(leaves.table["image_id"])
    smaller = leave_out(home, leaves, ids[:3])
    back = undo(home, smaller)
    assert (back.version, len(back)) == (3, 20)
    assert back.table.equals(leaves.table)
    assert len(load_dataset(home, "leaves", version=2)) == 17, "a run that used it still finds it"
    assert len(relabel(home, back, ids[:1], "class", "fir")) == 20, "the next change goes on from what is shown"
    relabel(home, back, ids[1:2], "class", "fir")
    for _ in range(2):
        back = undo(home, back)
    assert back.table.equals(leaves.table)
    with pytest.raises(Refused, match="no change left to undo"):
        undo(home, back)


def test_a_new_split_has_its_shares_and_seed(home, leaves):
    again = split_again(home, leaves, SplitPlan(0.5, 0.3, 0.2, seed=5))
    assert [len(again.indices(split)) for split in ("train", "validation", "test")] == [10, 6, 4]
    assert again.table["image_id"].equals(leaves.table["image_id"])


def test_relabelling_may_make_a_class_and_may_empty_one(home, leaves):
    firs = [i for i, label in zip(leaves.table["image_id"], leaves.labels(leaves.tasks[0]), strict=True) if label == 0]
    changed = relabel(home, leaves, firs[:4], "class", "  yew ")
    assert changed.counts(changed.tasks[0]) == {"fir": 6, "oak": 10, "yew": 4}
    changed = relabel(home, changed, firs, "class", "oak")
    assert changed.tasks[0].classes == ("oak",)


def test_a_label_can_be_taken_away(home, leaves):
    name = leaves.table["name"][0]
    assert classes_by_name(relabel(home, leaves, [leaves.table["image_id"][0]], "class", ""))[name] is None


def test_edits_that_make_no_sense_are_refused_in_words(home, leaves):
    everything = leaves.table["image_id"]
    with pytest.raises(NotFound, match='has no label column called "colour". There are: class.'):
        relabel(home, leaves, everything, "colour", "red")
    with pytest.raises(NotFound, match="None of these photos"):
        leave_out(home, leaves, ["no such photo"])
    with pytest.raises(BadInput, match="No photo is chosen"):
        leave_out(home, leaves, [])
    with pytest.raises(Refused, match="leave no photo at all"):
        leave_out(home, leaves, everything)
    with pytest.raises(Refused, match='no photo with a label for "class"'):
        relabel(home, leaves, everything, "class", "")
    assert load_dataset(home, "leaves").version == 1
    assert len(list(leaves.folder.glob("labels-*"))) == 1


def test_edits_of_two_people_at_once_are_both_kept(home, leaves):
    ids = list(leaves.table["image_id"])
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda image_id: leave_out(home, leaves, [image_id]), ids[:8]))
    newest = load_dataset(home, "leaves")
    assert (newest.version, set(newest.table["image_id"])) == (9, set(ids[8:]))


def test_added_photos_leave_the_others_where_they_are(home, leaves, draw_photos, tmp_path):
    more = draw_photos(tmp_path / "more", {"oak": 10, "elm": 14})
    for number in range(10):  # draw_photos draws the same oaks again: make them others
        (more / "oak" / f"{number:04}.png").write_bytes(photo(number))
    bigger = add_photos(home, leaves, more)
    assert bigger.counts(bigger.tasks[0]) == {"elm": 14, "fir": 10, "oak": 20}
    old = bigger.table[: len(leaves)]
    assert old[["image_id", "split", "file"]].equals(leaves.table[["image_id", "split", "file"]])
    assert bigger.counts(bigger.tasks[0], "validation")["elm"] >= 1
    assert all(bigger.path(image_id).exists() for image_id in bigger.table["image_id"])


def test_a_photo_that_is_there_already_is_not_added_again(home, leaves, draw_photos, tmp_path):
    same = draw_photos(tmp_path / "same", {"oak": 3})
    with pytest.raises(BadDataset, match="All of these photos are in the dataset already"):
        add_photos(home, leaves, same)
    (same / "oak" / "new.png").write_bytes(photo(1))
    bigger = add_photos(home, leaves, same)
    assert len(bigger) == len(leaves) + 1
    assert [r.reason for r in bigger.rejected] == ["It is in the dataset already."] * 3


def test_class_folders_added_to_a_table_label_its_first_task(home, zipped):
    files = {f"{n}.png": photo(n) for n in range(4)} | {"l.csv": b"file,species\n0,oak\n1,fir\n2,oak\n3,fir\n"}
    dataset = import_dataset(home, "leaves", zipped(files))
    bigger = add_photos(home, dataset, zipped({"ash/1.png": photo(9)}, "more.zip"))
    assert [(task.name, task.classes) for task in bigger.tasks] == [("species", ("ash", "fir", "oak"))]


def test_adding_that_fails_changes_nothing(home, leaves, zipped):
    before = leftovers(home.datasets)
    with pytest.raises(BadDataset, match="No photo could be read"):
        add_photos(home, leaves, zipped({"oak/1.png": b"no photo"}))
    assert leftovers(home.datasets) == before
    assert load_dataset(home, "leaves").version == 1


def test_a_new_name_is_seen_at_once_and_must_be_free(home, leaves, draw_photos, tmp_path):
    other = import_dataset(home, "shells", draw_photos(tmp_path / "shells", {"a": 3, "b": 3}))
    rename_dataset(home, leaves.id, "  Leaves of autumn ")
    assert load_dataset(home, leaves.id).name == "Leaves of autumn"
    with pytest.raises(BadInput, match='called "SHELLS" already'):
        rename_dataset(home, leaves.id, "SHELLS")
    rename_dataset(home, other.id, "SHELLS")
    with pytest.raises(NotFound):
        rename_dataset(home, "nothing", "else")


def test_a_deleted_dataset_is_gone_with_its_files(home, leaves):
    delete_dataset(home, leaves.id)
    assert leftovers(home.datasets) == set()
    assert list_datasets(home) == []
    with pytest.raises(NotFound):
        load_dataset(home, leaves.id)
    with pytest.raises(NotFound):
        delete_dataset(home, leaves.id)


def test_a_deleted_dataset_that_runs_need_stays_readable_and_its_name_is_free(home, leaves, draw_photos, tmp_path):
    refer(home, leaves)
    assert not is_deleted(home, leaves.id)
    delete_dataset(home, leaves.id)
    assert is_deleted(home, leaves.id)
    assert not is_deleted(home, "of nobody")
    assert list_datasets(home) == []
    again = load_dataset(home, leaves.id)
    assert again.path(again.table["image_id"][0]).exists()
    assert import_dataset(home, "leaves", draw_photos(tmp_path / "new", {"a": 3, "b": 3})).id != leaves.id


def test_a_deleted_dataset_leaves_the_disk_with_the_last_run_that_used_it(home, leaves):
    refer(home, leaves)
    delete_dataset(home, leaves.id)
    free_deleted(home)
    assert len(load_dataset(home, leaves.id)) == 20
    with database(home, write=True) as connection:
        connection.execute("DELETE FROM runs")
    free_deleted(home)
    assert leftovers(home.datasets) == set()
    with pytest.raises(NotFound):
        load_dataset(home, leaves.id)


def test_a_dataset_named_by_a_plan_in_another_role_stays_too(home, leaves):
    refer(home, leaves)
    with database(home, write=True) as connection:
        plan = f'{{"datasets":[{{"id":"other"}},{{"id":"{leaves.id}"}}]}}'
        connection.execute("UPDATE runs SET dataset_id = 'other', plan = ?", (plan,))
    delete_dataset(home, leaves.id)
    assert len(load_dataset(home, leaves.id)) == 20


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_no_dataset(home, draw_photos, tmp_path):
    folder = draw_photos(tmp_path / "leaves", {"oak": 20, "fir": 20})
    work = """
import sys, time
from pathlib import Path
from core.home import open_home
from core.datasets import import_dataset
def wait(done, total, doing):
    print(done, flush=True)
    time.sleep(60)
import_dataset(open_home(sys.argv[1]), "leaves", Path(sys.argv[2]), progress=wait)
"""
    command = [sys.executable, "-c", work, str(home.root), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.kill()
    assert list_datasets(open_home(home.root)) == []
    assert list(home.datasets.glob(".*.part"))
    dataset = import_dataset(home, "leaves", folder)
    assert {path.name for path in home.datasets.iterdir()} == {dataset.id}


def test_the_list_opens_no_table(home, leaves):
    with database(home, write=True) as connection:
        (body,) = connection.execute("SELECT body FROM versions").fetchone()
        for number in range(100):
            connection.execute(
                "INSERT INTO datasets (id, name, created) VALUES (?, ?, 0)", (f"d{number}", f"n{number}")
            )
            connection.execute("INSERT INTO versions VALUES (?, 1, 0, ?)", (f"d{number}", body))
    shutil.rmtree(home.datasets / leaves.id)
    assert len(list_datasets(home)) == 101


def test_a_failed_version_leaves_no_table(home, leaves, monkeypatch):
    def refuse(*args):
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr("core.datasets.registry._insert_version", refuse)
    with pytest.raises(sqlite3.OperationalError):
        leave_out(home, leaves, leaves.table["image_id"][:1])
    monkeypatch.undo()
    assert len(leave_out(home, leaves, leaves.table["image_id"][:2])) == 18
