"""One SQLite file for what is looked up: datasets, runs, events, curves, profiles."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Busy, Damaged, DiskFull, Refused
from core.home.disk import no_room_is_disk_full
from core.home.paths import Home
from core.home.reserve import free_reserve

_WAIT_SECONDS = 20.0


def connect(path: Path, wait_seconds: float | None = None) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun by name alone, so none stays open unnoticed and blocks a
    writer. wait_seconds: for another writer, _WAIT_SECONDS by default.
    """
    connection = sqlite3.connect(path, timeout=wait_seconds or _WAIT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def database(home: Home, write: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection for one unit of work; all of it happens or none. `write=True` waits for its turn to write.

    Rows are `sqlite3.Row`: by name or by index. Raises DiskFull, Busy, Damaged, and Refused where it is read-only.
    """
    with errors_in_words(home.db):
        try:
            connection = _begin(home, write)
        except DiskFull:  # SQLite needs a little room even to read; a full disk can be looked at and emptied with it
            if not free_reserve(home):
                raise
            connection = _begin(home, write)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()


def _begin(home: Home, write: bool) -> sqlite3.Connection:
    with errors_in_words(home.db):
        connection = connect(home.db)
        try:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # a reader begins only when it reads
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def errors_in_words(db: Path) -> Iterator[None]:
    """Turns what SQLite says of the database itself into a sentence a user can act on; all else passes."""
    with no_room_is_disk_full(db):
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _in_words(db, error) from error


def _in_words(db: Path, error: sqlite3.DatabaseError) -> Exception:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        sentence = f'Another program has "{db}" open and does not let go of it.'
        return Busy(sentence, "Close it there (a viewer of databases, a backup), then try again.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "no such table" in str(error):
        sentence = f'The database "{db}" is damaged: {error}.'
        remedy = (
            "Put a copy of it back, or move it away: Graft then begins a new one. Photos and models stay on the disk."
        )
        return Damaged(sentence, remedy)
    if name.startswith("SQLITE_READONLY"):
        return Refused(f'"{db}" may not be written to.', "Give yourself the permission, or choose another --home.")
    if name.startswith("SQLITE_CANTOPEN"):
        return Refused(f'"{db}" cannot be opened.', "Look whether its disk is there and you may use it.")
    return error
