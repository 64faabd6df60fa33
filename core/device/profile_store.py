"""What was measured on this machine, kept in the database: on which machine, when, and how busy it was with others."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import psutil
import torch

from core.home import Home, database

BUSY = 0.25  # share of all cores at work for others: what is measured beside that is not what the machine can do
SAMPLE_SECONDS = 0.1
MAX_AGE_SECONDS = 30 * 24 * 3600.0  # drivers, cooling and power settings change without a new version of torch

Body = dict[str, Any]  # as JSON takes it
_THREADS = torch.get_num_threads()  # by itself, before any run chose a number


def key_of(*parts: object) -> str:
    """Of what was measured, on which machine, by which torch, with how many threads by itself."""
    machine = (platform.node(), platform.processor(), os.cpu_count(), _THREADS, torch.__version__)
    return hashlib.sha256(json.dumps([str(part) for part in (*machine, *parts)]).encode()).hexdigest()


def read(home: Home, key: str) -> Body | None:
    """What was kept, however old."""
    with database(home) as db:
        row = db.execute("SELECT body FROM profiles WHERE key = ?", (key,)).fetchone()
    return json.loads(row["body"]) if row else None


def write(home: Home, key: str, body: Body) -> None:
    with database(home, write=True) as db:
        db.execute("INSERT OR REPLACE INTO profiles VALUES (?, ?, ?)", (key, time.time(), json.dumps(body)))


def kept(home: Home, key: str, measure: Callable[[], Body]) -> Body:
    """What `measure` gives, or gave before. It is asked again when that is old, or was measured while others kept the
    machine busy, as soon as they no longer do.
    """
    known = _read_with_age(home, key)
    if known is not None and (not _is_stale(*known) or busy_share() > BUSY):
        return known[0]["measured"]
    busy = busy_share()
    found: Body = {"measured": measure(), "busy": max(busy, busy_share())}
    write(home, key, found)
    return found["measured"]


def measured_quietly(home: Home, key: str) -> Body | None:
    """What `kept` keeps, if the machine had time for it; does not measure."""
    known = read(home, key)
    return known["measured"] if known and known["busy"] <= BUSY else None


def busy_share() -> float:
    """The share of all cores at work just now, while this thread waits for a moment; 0 to 1."""
    return psutil.cpu_percent(interval=SAMPLE_SECONDS) / 100


class Others:
    """What the machine did for other programs since this was made."""

    def __init__(self) -> None:
        self._began, self._idle, self._own = time.monotonic(), _idle_seconds(), _own_seconds()

    def share(self) -> float:
        """Of all cores; 0 to 1."""
        wanted = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        others = wanted - (_idle_seconds() - self._idle) - (_own_seconds() - self._own)
        return max(0.0, others / wanted) if wanted > 0 else 0.0


def _idle_seconds() -> float:
    times = psutil.cpu_times()
    return times.idle + getattr(times, "iowait", 0.0)


def _own_seconds() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system


def _read_with_age(home: Home, key: str) -> tuple[Body, float] | None:
    with database(home) as db:
        row = db.execute("SELECT body, created FROM profiles WHERE key = ?", (key,)).fetchone()
    return (json.loads(row["body"]), time.time() - row["created"]) if row else None


def _is_stale(body: Body, age_seconds: float) -> bool:
    return body["busy"] > BUSY or age_seconds > MAX_AGE_SECONDS
