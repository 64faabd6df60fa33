"""One database, migrated step by step, never half written."""

import sqlite3

import pytest

from core.errors import Refused
from core.home import Home, database, open_home


def test_a_unit_of_work_happens_whole_or_not_at_all(home: Home):
    with pytest.raises(RuntimeError), database(home, write=True) as db:
        db.execute("INSERT INTO calibrations VALUES ('a', 0, '{}')")
        raise RuntimeError
    with database(home) as db:
        assert db.execute("SELECT count(*) FROM calibrations").fetchone()[0] == 0


def test_a_home_that_a_newer_graft_wrote_is_refused_with_what_to_do(home: Home):
    connection = sqlite3.connect(home.db)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(Refused, match="newer Graft.*--home"):
        open_home(home.root)


def test_opening_a_home_again_keeps_what_is_in_it(home: Home):
    with database(home, write=True) as db:
        db.execute("INSERT INTO calibrations VALUES ('a', 0, '{}')")
    with database(open_home(home.root)) as db:
        assert db.execute("SELECT key FROM calibrations").fetchone()["key"] == "a"
