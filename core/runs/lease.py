"""Which process has a run: claimed in the database, renewed while the process lives, released when it does not."""

import os
import secrets
import socket
import sqlite3
import threading
import time
from dataclasses import dataclass
from functools import cache
from sqlite3 import Connection, Row
from types import TracebackType

import psutil

from core.errors import DiskFull
from core.home import Home, database
from core.runs.event_log import add_event
from core.runs.journal import replay_journal
from core.runs.types import State

LEASE_SECONDS = 20.0  # a process that has not renewed its claim for so long does not train any more
RENEW_SECONDS = 3.0
WORKING = "('running', 'paused')"


@dataclass(frozen=True)
class Claim:
    """The right to carry one run out, until it goes stale. owner: this process, and which of its claims."""

    run_id: str
    owner: str


@dataclass(frozen=True)
class RunOutcome:
    """State of a run when it ends, for now. sentence: for its history. error: what its page shows when it failed."""

    state: State
    sentence: str
    error: str = ""


class LeaseLost(Exception):
    """Somebody else may have the run now: nothing more may be written to it."""


_held_here: set[str] = set()  # owners of the claims that this process works on


@cache
def _machine() -> str:
    # Two containers may share a host name and a home, but not their process numbers.
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def this_process() -> str:
    """Name this process so that another one can tell whether it still lives: machine|process number|start time."""
    return f"{_machine()}|{os.getpid()}|{psutil.Process().create_time():.1f}"


def process_is_gone(owner: str) -> bool:
    """Whether the process of an owner surely ended. False for other machines, of which only the lease is known."""
    machine, _, rest = owner.partition("|")
    if machine != _machine():
        return False
    number, started = rest.split("|")[:2]
    try:
        process = psutil.Process(int(number))
        # The same number may be another process by now; start times are read to about a second.
        return abs(process.create_time() - float(started)) > 2 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_alive(owner: str) -> bool:
    """Whether an owner's process is known to live: one of this machine."""
    return owner.startswith(_machine() + "|") and not process_is_gone(owner)


def is_stale(owner: str, until: float) -> bool:
    """Whether nobody works on a claim any more. until: when its lease ends, seconds since 1970."""
    if owner.startswith(this_process() + "|"):  # known without the clock, which jumps when a laptop wakes up
        return owner not in _held_here
    return until < time.time() or process_is_gone(owner)


def interrupt_stale(home: Home) -> list[str]:
    """Make runs whose process is gone interrupted, so that they can be resumed; gives their ids."""
    with database(home) as db:
        found = any(is_stale(row["lease_owner"], row["lease_until"]) for row in _working_runs(db))
    if not found:  # the usual case, without waiting for a turn to write
        return []
    with database(home, write=True) as db:
        return _interrupt_stale(db, home)


def claim(home: Home, run_id: str) -> Claim | None:
    """Claim a queued run; None when it is not queued (any more), its device is busy, or others are first.

    Runs before it in the queue are first as long as the process that queued them lives: that one executes them.
    """
    with database(home, write=True) as db:
        row = db.execute("SELECT * FROM runs WHERE id = ? AND state = 'queued'", (run_id,)).fetchone()
        if row is None or _is_busy(db, home, row["device"]):
            return None
        ahead = db.execute(
            "SELECT lease_owner FROM runs WHERE state = 'queued' AND device = ? AND (created, id) < (?, ?)",
            (row["device"], row["created"], row["id"]),
        )
        if any(is_alive(other["lease_owner"]) for other in ahead):
            return None
        return _claim(db, run_id)


def claim_next(home: Home, device: str) -> Claim | None:
    """Claim the run that has waited longest for a device; None when no run waits, or the device is busy."""
    with database(home, write=True) as db:
        if _is_busy(db, home, device):
            return None
        row = db.execute(
            "SELECT id FROM runs WHERE state = 'queued' AND device = ? ORDER BY created, id LIMIT 1", (device,)
        ).fetchone()
        return None if row is None else _claim(db, row["id"])


def waiting_devices(home: Home) -> list[str]:
    """Devices for which a run waits."""
    with database(home) as db:
        return [row["device"] for row in db.execute("SELECT DISTINCT device FROM runs WHERE state = 'queued'")]


def is_held(db: Connection, claim: Claim) -> bool:
    """Whether a claim is still valid: no other process has taken the run over."""
    return (
        db.execute("SELECT 1 FROM runs WHERE id = ? AND lease_owner = ?", (claim.run_id, claim.owner)).fetchone()
        is not None
    )


def release(home: Home, claim: Claim, outcome: RunOutcome) -> None:
    """End a claim: the run gets its outcome, its device is free. Raises LeaseLost, DiskFull."""
    with database(home, write=True) as db:
        if not is_held(db, claim):
            raise LeaseLost(claim.run_id)
        _release(db, home, claim.run_id, outcome)


def interrupt_held(home: Home) -> None:
    """Release every claim of this process as interrupted, whatever its threads do: it is about to end."""
    with database(home, write=True) as db:
        for row in _working_runs(db):
            if row["lease_owner"] in _held_here:
                _interrupt(db, home, row["id"], "Graft was closed.")


def _working_runs(db: Connection) -> list[Row]:
    return db.execute(f"SELECT id, device, lease_owner, lease_until FROM runs WHERE state IN {WORKING}").fetchall()


def _interrupt_stale(db: Connection, home: Home) -> list[str]:
    stale = [row for row in _working_runs(db) if is_stale(row["lease_owner"], row["lease_until"])]
    for row in stale:
        _interrupt(db, home, row["id"], "Graft ended without notice.")
    return [row["id"] for row in stale]


def _interrupt(db: Connection, home: Home, run_id: str, why: str) -> None:
    sentence = f"{why} The run goes on from its last checkpoint when it is resumed."
    _release(db, home, run_id, RunOutcome("interrupted", sentence))


def _release(db: Connection, home: Home, run_id: str, outcome: RunOutcome) -> None:
    replay_journal(db, run_id, home.runs / run_id)
    db.execute(
        "UPDATE runs SET state = ?, ended = ?, error = ?, requested_action = '', lease_owner = '', "
        "progress = json_set(progress, '$.activity', '', '$.seconds_left', NULL) WHERE id = ?",
        (outcome.state, time.time(), outcome.error, run_id),
    )
    add_event(db, run_id, outcome.state, outcome.sentence)


def _is_busy(db: Connection, home: Home, device: str) -> bool:
    _interrupt_stale(db, home)
    return any(row["device"] == device for row in _working_runs(db))


def _claim(db: Connection, run_id: str) -> Claim:
    claimed = Claim(run_id, f"{this_process()}|{secrets.token_hex(4)}")
    _held_here.add(claimed.owner)
    db.execute(
        "UPDATE runs SET state = 'running', started = coalesce(started, ?), ended = NULL, error = '', "
        "lease_owner = ?, lease_until = ? WHERE id = ?",
        (time.time(), claimed.owner, time.time() + LEASE_SECONDS, run_id),
    )
    return claimed


class Lease:
    """Renews a claim from a thread of its own during a `with` block, however long one step in it takes."""

    def __init__(self, home: Home, claim: Claim) -> None:
        self._home, self._claim = home, claim
        self._ended = threading.Event()
        # Without a connection that stays open, each flush would fold SQLite's log into its file and delete it; and a
        # full disk would have no room to make it anew, not even for saying so.
        self._connection = sqlite3.connect(home.db)
        self._connection.execute("SELECT 1 FROM runs LIMIT 1").fetchall()
        self._thread = threading.Thread(target=self._renew, name=f"lease of {claim.run_id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._connection.close()
        _held_here.discard(self._claim.owner)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            try:
                with database(self._home, write=True) as db:
                    db.execute(
                        "UPDATE runs SET lease_until = ? WHERE id = ? AND lease_owner = ?",
                        (time.time() + LEASE_SECONDS, self._claim.run_id, self._claim.owner),
                    )
            except (DiskFull, sqlite3.OperationalError):
                continue  # a full disk or a busy database may pass before the lease runs out
