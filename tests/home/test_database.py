"""One database, migrated step by step, never half written."""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BadInput, Busy, Damaged, DiskFull, Refused
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


def test_a_database_that_another_program_holds_is_said_to_be_held(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules["core.home.database"], "_WAIT_SECONDS", 0.05)
    viewer = sqlite3.connect(home.db, isolation_level=None)
    viewer.execute("BEGIN EXCLUSIVE")
    words = "Another program has .* open and does not let go of it. Close it there"
    with pytest.raises(Busy, match=words), database(home, write=True):
        pass
    viewer.execute("ROLLBACK")
    viewer.close()
    with database(home, write=True) as db:
        db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")


def damage_pages(home: Home) -> None:
    content = bytearray(home.db.read_bytes())
    content[100 : len(content) - 100] = b"\x5a" * (len(content) - 200)
    home.db.write_bytes(content)


def not_a_database(home: Home) -> None:
    home.db.write_bytes(b"This was a database once. " * 400)


def lose_table(home: Home) -> None:
    with database(home, write=True) as db:
        db.execute("DROP TABLE versions")


@pytest.mark.parametrize("damage", [damage_pages, not_a_database, lose_table])
def test_a_damaged_database_is_said_to_be_damaged(home: Home, damage: Callable[[Home], None]):
    damage(home)
    words = "graft.db. is damaged: .* Put a copy of it back, or move it away"
    with pytest.raises(Damaged, match=words), database(open_home(home.root)) as db:
        db.execute("SELECT * FROM versions").fetchall()


def test_once_a_damaged_database_is_moved_away_graft_begins_a_new_one(home: Home):
    not_a_database(home)
    home.db.rename(home.root / "damaged.db")
    with database(open_home(home.root)) as db:
        assert db.execute("SELECT count(*) FROM runs").fetchone()[0] == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_database_that_may_not_be_written_is_said_to_be_so(home: Home):
    home.db.chmod(0o400)
    with pytest.raises(Refused, match="may not be written to"), database(home, write=True):
        pass


def test_what_a_block_itself_raises_of_the_database_passes(home: Home):
    with pytest.raises(sqlite3.IntegrityError), database(home, write=True) as db:
        for _ in range(2):
            db.execute("INSERT INTO profiles VALUES ('a', 0, '{}')")


def test_a_user_without_a_home_hears_what_to_do(monkeypatch: pytest.MonkeyPatch):
    def nobody_knows(*args: object, **named: object) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GRAFT_HOME", raising=False)
    monkeypatch.setattr("core.home.opening.user_data_dir", nobody_knows)
    with pytest.raises(BadInput, match="does not say where your files belong.*--home"):
        open_home()


@pytest.mark.parametrize("place", ["~nobody-of-this-name/graft", "a\0b"])
def test_a_home_that_cannot_be_is_refused_in_a_sentence(place: str):
    with pytest.raises(BadInput, match="cannot be the folder where Graft keeps its things"):
        open_home(place)
