"""One database, migrated step by step, never half written."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from core.errors import DiskFull, Refused
from core.home import Home, database, open_home
from core.home.opening import MIGRATIONS


def test_a_unit_of_work_happens_whole_or_not_at_all(home: Home):
    with pytest.raises(RuntimeError), database(home, write=True) as db:
        db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")
        raise RuntimeError
    with database(home) as db:
        assert db.execute("SELECT count(*) FROM profiles").fetchone()[0] == 0


def test_a_home_that_a_newer_graft_wrote_is_refused_with_what_to_do(home: Home):
    connection = sqlite3.connect(home.db)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(Refused, match="newer Graft.*--home"):
        open_home(home.root)


def test_opening_a_home_again_keeps_what_is_in_it(home: Home):
    with database(home, write=True) as db:
        db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")
    with database(open_home(home.root)) as db:
        assert db.execute("SELECT key FROM profiles").fetchone()["key"] == "a"


def test_a_disk_without_any_room_is_said_to_be_full(small_disk: Path):
    """Where not even SQLite's index for readers finds room, SQLite speaks of an I/O error."""
    home = open_home(small_disk / "home")
    with contextlib.suppress(OSError), (small_disk / "films").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(DiskFull, match="is full"), database(home, write=True) as db:
        db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")
    (small_disk / "films").unlink()
    with database(home, write=True) as db:
        db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")


def test_migrations_are_numbered_one_by_one():
    numbers = sorted(int(step.name[:3]) for step in MIGRATIONS.iterdir() if step.suffix in (".sql", ".py"))
    assert numbers == list(range(1, len(numbers) + 1)), "of two with one number, homes would get one twice"
