"""Events of a run that the database does not hold yet, so that not even `kill -9` leaves a hole in its curves.

The database is written twice a second; a checkpoint may come in between, and a resumed run goes on from there. So each
event is first appended to a small file, which is emptied once the database has it.
"""

import json
import math
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

FILE_NAME = "unsaved.jsonl"


class Point(NamedTuple):
    """One value of one curve."""

    name: str
    step: int
    value: float


class Entry(NamedTuple):
    """What one event adds: its points, and its row of the table `events` (without the run's id) if it has one."""

    points: list[Point]
    event: tuple[int, float, str, dict[str, Any]] | None = None


class Journal:
    """The file, open as long as the run is executed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME
        self._file = self._path.open("ab", buffering=0)  # unbuffered: what is written survives this process

    def append(self, entry: Entry) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")

    def clear(self) -> None:
        self._file.truncate(0)

    def close(self) -> None:
        """Close the file; delete it unless it holds what the database does not."""
        self._file.close()
        if self._path.stat().st_size == 0:
            self._path.unlink()


def save_entries(db: Connection, run_id: str, entries: list[Entry]) -> None:
    """Write entries to the database; those that it has already change nothing."""
    db.executemany(
        "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?)",
        [(run_id, p.name, p.step, p.value if math.isfinite(p.value) else None) for e in entries for p in e.points],
    )
    db.executemany(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (run_id, number, time, kind, json.dumps(body, ensure_ascii=False))
            for number, time, kind, body in (e.event for e in entries if e.event)
        ],
    )


def replay_journal(db: Connection, run_id: str, folder: Path) -> None:
    """Write what a killed process left to the database. The file stays: replaying it again changes nothing."""
    path = folder / FILE_NAME
    with suppress(OSError):  # a folder that may not be read: what the database has is shown
        if path.exists():
            save_entries(db, run_id, _read(path))


def _read(path: Path) -> list[Entry]:
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            points, event = json.loads(line)
            entries.append(Entry([Point(*point) for point in points], tuple(event) if event else None))
        except (ValueError, TypeError):  # cut short in the middle of a line, or damaged
            break
    return entries
