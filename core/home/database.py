"""One SQLite file for what is looked up: datasets, runs, events, curves, profiles."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.home.disk import no_room_is_disk_full
from core.home.paths import Home

_WAIT_SECONDS = 20.0


def connect(path: Path, wait_seconds: float = _WAIT_SECONDS) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun by name alone, so none stays open unnoticed and blocks a
    writer. wait_seconds: for another writer.
    """
    connection = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def database(home: Home, write: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection for one unit of work; all of it happens or none. `write=True` waits for its turn to write.

    Rows are `sqlite3.Row`: by name or by index. Raises DiskFull.
    """
    with no_room_is_disk_full(home.db):
        connection = connect(home.db)
        try:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()
