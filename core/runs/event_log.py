"""The events of a run, one row each: a sentence in plain words, with its facts."""

import json
import time
from sqlite3 import Connection
from typing import Any

from core.home import Home, database
from core.runs.types import RunEvent


def add_event(db: Connection, run_id: str, kind: str, sentence: str, **facts: Any) -> int:
    """Add an event of this moment in the caller's transaction; gives its number."""
    number = next_event_number(db, run_id)
    body = json.dumps({"sentence": sentence, **facts}, ensure_ascii=False)
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (run_id, number, time.time(), kind, body))
    return number


def next_event_number(db: Connection, run_id: str) -> int:
    """From 1."""
    (last,) = db.execute("SELECT max(number) FROM events WHERE run_id = ?", (run_id,)).fetchone()
    return (last or 0) + 1


def read_events(home: Home, run_id: str, after: int = 0) -> list[RunEvent]:
    """Events of a run, oldest first. after: only those with a higher number."""
    with database(home) as db:
        rows = db.execute(
            "SELECT number, time, kind, body FROM events WHERE run_id = ? AND number > ? ORDER BY number",
            (run_id, after),
        ).fetchall()
    return [RunEvent(row["number"], row["time"], row["kind"], _sentence(row["body"])) for row in rows]


def _sentence(body: str) -> str:
    try:
        return str(json.loads(body)["sentence"])
    except (ValueError, KeyError, TypeError):
        return "(This line is damaged.)"
