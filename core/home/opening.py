"""A home is found or made, and brought to the newest schema."""

import os
import runpy
import sqlite3
from contextlib import closing
from pathlib import Path

from platformdirs import user_data_dir

from core.errors import BadInput, DiskFull, Refused
from core.home.database import connect, errors_in_words
from core.home.disk import no_room_is_disk_full
from core.home.paths import Home
from core.home.reserve import free_reserve, keep_reserve

# 001_*.sql, 002_*.py ...: a number, once landed, never changes. A .py file has `migrate(home, db)`; it may be killed
# anywhere and is then called again from the beginning, with the database as it was.
MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_SECONDS = 3_600.0  # to wait for another process that migrates a big home


def open_home(root: Path | str | None = None) -> Home:
    """The home at `root`, else `GRAFT_HOME`, else the platform's user data folder; made if it is not there.

    Raises DiskFull, BadInput where no folder can be, and Refused when a newer Graft wrote it.
    """
    chosen = root or os.environ.get("GRAFT_HOME") or _usual_home()
    try:
        home = Home(Path(chosen).expanduser().resolve())
        with no_room_is_disk_full(home.root):
            for folder in (home.datasets, home.runs, home.weights, home.inbox, home.pixels, home.thumbnails):
                folder.mkdir(parents=True, exist_ok=True)
            migrate(home)
            keep_reserve(home)
    except (OSError, RuntimeError, ValueError, sqlite3.Error) as error:  # ~ of a user whom nobody knows, a NUL
        reason = getattr(error, "strerror", None) or error
        raise BadInput(
            f'"{chosen}" cannot be the folder where Graft keeps its things: {reason}.',
            "Choose another one with --home, or GRAFT_HOME.",
        ) from error
    return home


def _usual_home() -> str:
    try:
        return user_data_dir("graft", appauthor=False)
    except RuntimeError as error:
        sentence = "This system does not say where your files belong: there is no HOME, and nobody knows this user."
        raise BadInput(sentence, "Choose a folder with --home, or GRAFT_HOME.") from error


def migrate(home: Home) -> None:
    """Bring the home to the newest schema. Raises Refused when a newer Graft wrote it, DiskFull, Busy, Damaged."""
    try:
        _migrate(home)
    except DiskFull:  # without a step to take, a home can be opened on a full disk
        if not free_reserve(home):
            raise
        _migrate(home)


def _migrate(home: Home) -> None:
    steps = sorted(step for step in MIGRATIONS.iterdir() if step.suffix in (".sql", ".py"))
    with errors_in_words(home.db), closing(connect(home.db, wait_seconds=_MIGRATION_SECONDS)) as db:
        known = _schema(db)
        if known > len(steps):
            raise Refused(
                f'"{home.db}" was written by a newer Graft (its schema is {known}, this one knows {len(steps)}).',
                "Start the newer Graft, or choose another folder with --home.",
            )
        if known == len(steps):
            return
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")  # held to the end: no other process migrates the same files
        known = _schema(db)  # another process may have been first
        for number, step in enumerate(steps[known:], known + 1):
            _run_step(step, home, db)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")


def _schema(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def _run_step(step: Path, home: Home, db: sqlite3.Connection) -> None:
    if step.suffix == ".sql":
        for statement in step.read_text(encoding="utf-8").split(";\n"):
            db.execute(statement)
        return
    runpy.run_path(str(step))["migrate"](home, db)
