"""One SQLite file for what is looked up: datasets, runs, events, curves, calibrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Refused
from core.home.disk import no_room_is_disk_full

if TYPE_CHECKING:
    from core.home.folder import Home

MIGRATIONS = Path(__file__).parent / "migrations"  # 001_*.sql, 002_*.sql ...; a number, once landed, never changes
WAIT_SECONDS = 20


def _connect(path: Path) -> sqlite3.Connection:
    # autocommit: transactions are begun by `database` alone, so none stays open unnoticed and blocks a writer.
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def database(home: "Home", write: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection for one unit of work; all of it happens or none. `write=True` waits for its turn to write.

    Rows are `sqlite3.Row`: by name or by index. Raises DiskFull.
    """
    with no_room_is_disk_full(home.db):
        connection = _connect(home.db)
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


def migrate(path: Path) -> None:
    """Bring the file to the newest schema; refuse a file that a newer Graft wrote."""
    steps = sorted(MIGRATIONS.glob("*.sql"))
    connection = _connect(path)
    try:
        (known,) = connection.execute("PRAGMA user_version").fetchone()
        if known > len(steps):
            raise Refused(
                f'"{path}" was written by a newer Graft (its schema is {known}, this one knows {len(steps)}).',
                "Start the newer Graft, or choose another folder with --home.",
            )
        if known == len(steps):
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        (known,) = connection.execute("PRAGMA user_version").fetchone()  # another process may have been first
        for number, step in enumerate(steps[known:], known + 1):
            for statement in step.read_text(encoding="utf-8").split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    finally:
        connection.close()
