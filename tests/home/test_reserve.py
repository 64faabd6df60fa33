"""A full disk can be looked at and emptied by Graft itself."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import delete_dataset, import_dataset, list_datasets
from core.errors import DiskFull
from core.home import Home, database, open_home, reserve
from core.runs import delete_run, list_runs
from tests.fixtures.runs import put_run_in

KB = 1024


@pytest.fixture
def full_home(small_disk: Path, draw_photos: Callable[..., Path], tmp_path: Path, monkeypatch) -> Home:
    """A home with a run and a dataset on a disk without a byte left."""
    monkeypatch.setattr(reserve, "RESERVE_BYTES", 256 * KB)
    monkeypatch.setattr(reserve, "LEAST_FREE_BYTES", 512 * KB)
    monkeypatch.setattr("core.datasets.importing.free_bytes", lambda folder: 2**40)
    home = open_home(small_disk / "home")
    import_dataset(home, "leaves", draw_photos(tmp_path / "photos", {"oak": 4, "fir": 4}))
    run = put_run_in(home)("done", "finished")
    with database(home, write=True) as db:
        points = [(run.id, "loss/train", step, 0.5) for step in range(5_000)]
        db.executemany("INSERT INTO curves VALUES (?, ?, ?, ?)", points)
    (home.runs / run.id / "model").write_bytes(bytes(64 * KB))
    fill(small_disk)
    return home


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "films").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))


def test_a_home_occupies_a_little_room_where_there_is_plenty(home: Home):
    assert home.reserve.stat().st_size == reserve.RESERVE_BYTES


def test_on_a_full_disk_runs_and_datasets_are_listed_and_deleted(full_home: Home):
    home = open_home(full_home.root)
    (run,) = list_runs(home)
    (dataset,) = list_datasets(home)
    delete_run(home, run.id)
    delete_dataset(home, dataset.id)
    assert (list_runs(home), list_datasets(home)) == ([], [])


def test_where_other_programs_took_the_reserve_a_cache_makes_room(full_home: Home):
    full_home.reserve.unlink()
    (full_home.pixels / "d1.v1.64.pixels").write_bytes(bytes(128 * KB))
    fill(full_home.root.parent)
    assert [run.name for run in list_runs(full_home)] == ["done"]


def test_where_nothing_can_be_given_back_the_disk_is_said_to_be_full(full_home: Home):
    full_home.reserve.unlink()
    fill(full_home.root.parent)
    with pytest.raises(DiskFull, match="is full"):
        list_runs(full_home)


def test_the_reserve_is_kept_again_once_there_is_room(full_home: Home):
    list_runs(full_home)
    assert not full_home.reserve.exists()
    (full_home.root.parent / "films").unlink()
    open_home(full_home.root)
    assert full_home.reserve.exists()
