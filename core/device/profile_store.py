"""Measurements of this machine, stored in the database with their time and with the load of other programs."""

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

BUSY = 0.25  # share of all cores at work for others: a measurement beside that is not what the machine can do
SAMPLE_SECONDS = 0.1
MAX_AGE_SECONDS = 30 * 24 * 3600.0  # drivers, cooling and power settings change without a new version of torch

Body = dict[str, Any]  # JSON
_DEFAULT_THREADS = torch.get_num_threads()  # before any run chose a number


def key_of(*parts: object) -> str:
    """The key of a measurement of these things, on this machine, with this torch and its number of threads."""
    machine = (platform.node(), platform.processor(), os.cpu_count(), _DEFAULT_THREADS, torch.__version__)
    return hashlib.sha256(json.dumps([str(part) for part in (*machine, *parts)]).encode()).hexdigest()


def read(home: Home, key: str) -> Body | None:
    """The stored measurement, however old; None without one."""
    stored = _read_with_age(home, key)
    return stored[0] if stored else None


def write(home: Home, key: str, body: Body) -> None:
    with database(home, write=True) as db:
        db.execute("INSERT OR REPLACE INTO profiles VALUES (?, ?, ?)", (key, time.time(), json.dumps(body)))


def cached(home: Home, key: str, measure: Callable[[], Body]) -> Body:
    """The stored result of `measure`. It is measured again when it is old. If the machine was busy with other programs
    at the time, it is measured again as soon as the machine no longer is.
    """
    stored = _read_with_age(home, key)
    if stored is not None and (not _is_stale(*stored) or busy_share() > BUSY):
        return stored[0]["measured"]
    busy_before = busy_share()
    body: Body = {"measured": measure(), "busy": max(busy_before, busy_share())}
    write(home, key, body)
    return body["measured"]


def read_trusted(home: Home, key: str) -> Body | None:
    """The result that `cached` stored, if the machine was not busy with other programs; does not measure."""
    stored = read(home, key)
    return stored["measured"] if stored and stored["busy"] <= BUSY else None


def busy_share() -> float:
    """The share of all cores at work, sampled while this thread waits for a moment; 0 to 1."""
    return psutil.cpu_percent(interval=SAMPLE_SECONDS) / 100


class OtherLoad:
    """The load of other programs on this machine, from when this was made."""

    def __init__(self) -> None:
        self._started, self._idle, self._own = time.monotonic(), _idle_seconds(), _own_seconds()

    def share(self) -> float:
        """Of all cores; 0 to 1."""
        available = (time.monotonic() - self._started) * (os.cpu_count() or 1)
        others = available - (_idle_seconds() - self._idle) - (_own_seconds() - self._own)
        return max(0.0, others / available) if available > 0 else 0.0


def _idle_seconds() -> float:
    times = psutil.cpu_times()
    return times.idle + getattr(times, "iowait", 0.0)


def _own_seconds() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system


def _read_with_age(home: Home, key: str) -> tuple[Body, float] | None:
    with database(home) as db:
        row = db.execute("SELECT body, created FROM profiles WHERE key = ?", (key,)).fetchone()
    try:
        return (json.loads(row["body"]), time.time() - row["created"]) if row else None
    except ValueError:  # damaged: it is measured again
        return None


def _is_stale(body: Body, age_seconds: float) -> bool:
    return body["busy"] > BUSY or age_seconds > MAX_AGE_SECONDS
