"""What is damaged in a home is shown as damaged, can be deleted, and stops nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.app import run as graft
from core.datasets import Dataset, delete_dataset, find_dataset, import_dataset, list_datasets, load_dataset
from core.errors import Damaged, NotFound
from core.evaluation import load_result, read_predictions
from core.home import Home, database
from core.monitoring import read_view
from core.runs import Run, damaged_runs, delete_run, get_run, list_runs, read_events, waits_for
from tests.fixtures.runs import put_run_in


@pytest.fixture
def leaves(home: Home, draw_photos: Callable[..., Path], tmp_path: Path) -> Dataset:
    photos = draw_photos(tmp_path / "photos", {"oak": 4, "fir": 4})
    import_dataset(home, "others", photos)
    return import_dataset(home, "leaves", photos)


def lose(table: Path) -> None:
    table.unlink()


def cut_short(table: Path) -> None:
    table.write_bytes(table.read_bytes()[:-20])


def empty(table: Path) -> None:
    table.write_bytes(b"")


@pytest.mark.parametrize("damage", [lose, cut_short, empty])
def test_a_dataset_without_its_table_is_listed_as_damaged_and_deleted(home: Home, leaves: Dataset, damage: Callable):
    damage(leaves.folder / "labels-1.parquet")
    load_dataset.__globals__["_read"].cache_clear()
    assert [(each.name, bool(each.damage)) for each in list_datasets(home)] == [("leaves", True), ("others", False)]
    with pytest.raises(Damaged, match='Version 1 of the dataset "leaves" is damaged.*Delete it'):
        load_dataset(home, "leaves")
    assert len(load_dataset(home, "others")) == 8
    assert graft(["delete", "dataset", "leaves", "--home", str(home.root)]) == 0
    assert [each.name for each in list_datasets(home)] == ["others"]
    assert not leaves.folder.exists()


def test_damage_inside_a_table_is_said_when_it_is_opened(home: Home, leaves: Dataset):
    table = leaves.folder / "labels-1.parquet"
    content = table.read_bytes()
    table.write_bytes(content[:4] + b"\xff" * (len(content) - 8) + content[-4:])
    load_dataset.__globals__["_read"].cache_clear()
    with pytest.raises(Damaged, match="is damaged, its table cannot be read"):
        load_dataset(home, "leaves")
    delete_dataset(home, find_dataset(home, "LEAVES").id)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"tasks": 3}', "null"])
def test_a_dataset_with_a_damaged_row_is_listed_as_damaged_and_deleted(home: Home, leaves: Dataset, body: str):
    with database(home, write=True) as db:
        db.execute("UPDATE versions SET body = ? WHERE dataset_id = ?", (body, leaves.id))
    assert [(each.name, bool(each.damage)) for each in list_datasets(home)] == [("leaves", True), ("others", False)]
    with pytest.raises(Damaged):
        load_dataset(home, "leaves")
    assert graft(["datasets", "--home", str(home.root)]) == 0
    delete_dataset(home, find_dataset(home, "leaves").id)
    with pytest.raises(NotFound):
        find_dataset(home, "leaves")


@pytest.mark.parametrize(
    ("column", "value"), [("plan", "{"), ("plan", ""), ("plan", '{"tasks": []}'), ("state", "elsewhere"), ("tags", "{")]
)
def test_a_run_with_a_damaged_row_is_named_and_deleted_and_stops_no_other(home: Home, column: str, value: str):
    put_run = put_run_in(home)
    whole, broken = put_run("whole", "finished"), put_run("broken", "queued")
    with database(home, write=True) as db:
        db.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, broken.id))
    assert [run.name for run in list_runs(home)] == ["whole"]
    (damaged,) = damaged_runs(home)
    assert (damaged.id, damaged.name) == (broken.id, "broken")
    assert 'The run "broken" is damaged' in damaged.reason
    with pytest.raises(Damaged, match='The run "broken" is damaged.*can only be deleted'):
        get_run(home, broken.id)
    assert waits_for(home, whole) == ""
    assert graft(["runs", "--home", str(home.root)]) == 0
    assert graft(["delete", "run", "broken", "--home", str(home.root)]) == 0
    assert damaged_runs(home) == []
    assert not (home.runs / broken.id).exists()


def test_a_working_run_whose_row_is_damaged_is_interrupted_like_another(home: Home):
    put_run = put_run_in(home)
    broken = put_run("broken", "running", "another-machine|77|1.0|abc", until=9e12)
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET lease_until = 0, progress = 'x', plan = 'x' WHERE id = ?", (broken.id,))
    assert list_runs(home) == []
    delete_run(home, broken.id)


def test_a_run_with_damaged_progress_is_as_one_that_begins(home: Home):
    run = put_run_in(home)("run", "interrupted")
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET progress = '{'")
    assert get_run(home, run.id).progress.epoch == 0


def with_event(home: Home, run: Run, body: str) -> None:
    with database(home, write=True) as db:
        db.execute("INSERT INTO events VALUES (?, 1, 0, 'epoch', ?)", (run.id, body))


@pytest.mark.parametrize("body", ["{", "[]", "{}"])
def test_a_damaged_line_of_a_history_leaves_the_others(home: Home, body: str):
    run = put_run_in(home)("run", "finished")
    with_event(home, run, body)
    assert [event.sentence for event in read_events(home, run.id)] == ["(This line is damaged.)"]
    assert read_view(home, run.id).epochs == []


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"\x00" * 100])
def test_damaged_predictions_are_said_to_be_damaged(tmp_path: Path, content: bytes):
    (tmp_path / "predictions.parquet").write_bytes(content)
    with pytest.raises(Damaged, match="The predictions of this run.* damaged"):
        read_predictions(tmp_path)


def test_results_that_are_a_folder_are_none(tmp_path: Path):
    (tmp_path / "results.json").mkdir()
    with pytest.raises(NotFound, match="does not hold results"):
        load_result(tmp_path)
