"""What happened to a run: one row each, in plain words, with the facts behind them."""

import json
import time
from sqlite3 import Connection
from typing import Any

from core.home import Home, database
from core.runs.types import RunEvent


def add_event(db: Connection, run_id: str, kind: str, sentence: str, **facts: Any) -> int:
    """Write one down, now, in a transaction of the caller; gives its number."""
    number = next_number(db, run_id)
    body = json.dumps({"sentence": sentence, **facts}, ensure_ascii=False)
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (run_id, number, time.time(), kind, body))
    return number


def next_number(db: Connection, run_id: str) -> int:
    (last,) = db.execute("SELECT max(number) FROM events WHERE run_id = ?", (run_id,)).fetchone()
    return (last or 0) + 1


def events(home: Home, run_id: str, after: int = 0) -> list[RunEvent]:
    """What happened so far, oldest first; only what came after that number."""
    with database(home) as db:
        rows = db.execute(
            "SELECT number, time, kind, body FROM events WHERE run_id = ? AND number > ? ORDER BY number",
            (run_id, after),
        ).fetchall()
    return [RunEvent(row["number"], row["time"], row["kind"], json.loads(row["body"])["sentence"]) for row in rows]
