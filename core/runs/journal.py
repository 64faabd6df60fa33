"""What a run said but the database does not hold yet, so that not even `kill -9` leaves a hole in its curves.

The database is written twice a second; a checkpoint may come in between, and a resumed run goes on from there. So each
event is first appended to a small file, which is emptied once the database has it.
"""

import json
import math
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

NAME = "unsaved.jsonl"


class Point(NamedTuple):
    """One value of one curve."""

    name: str
    step: int
    value: float


class Entry(NamedTuple):
    """What one event leaves behind: its points, and its line in the history if it has one (a row of `events`)."""

    points: list[Point]
    happening: tuple[int, float, str, dict[str, Any]] | None = None


class Journal:
    """The file, open as long as the run is carried out."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        self._file = self._path.open("ab", buffering=0)  # unbuffered: it is the system's once written

    def append(self, entry: Entry) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")

    def clear(self) -> None:
        self._file.truncate(0)

    def close(self) -> None:
        """Done with it; gone, unless it holds what the database does not."""
        self._file.close()
        if self._path.stat().st_size == 0:
            self._path.unlink()


def save(db: Connection, run_id: str, entries: list[Entry]) -> None:
    """Put entries into the database; those that are there already change nothing."""
    db.executemany(
        "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?)",
        [(run_id, p.name, p.step, p.value if math.isfinite(p.value) else None) for e in entries for p in e.points],
    )
    db.executemany(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (run_id, number, time, kind, json.dumps(body, ensure_ascii=False))
            for number, time, kind, body in (e.happening for e in entries if e.happening)
        ],
    )


def save_unsaved(db: Connection, run_id: str, folder: Path) -> None:
    """Put what a killed process left into the database. The file stays: the same again changes nothing."""
    path = folder / NAME
    if path.exists():
        save(db, run_id, _read(path))


def _read(path: Path) -> list[Entry]:
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            points, happening = json.loads(line)
        except ValueError:  # cut short in the middle of a line
            break
        entries.append(Entry([Point(*point) for point in points], tuple(happening) if happening else None))
    return entries
