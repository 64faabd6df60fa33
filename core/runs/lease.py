"""Who carries a run out: claimed in the database, renewed while its process lives, given up when it does not."""

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
from core.runs.journal import save_unsaved
from core.runs.types import State

LEASE_SECONDS = 20.0  # a process of which nothing was heard for so long does not train any more
RENEW_SECONDS = 3.0
WORKING = "('running', 'paused')"


@dataclass(frozen=True)
class Claim:
    """The right to carry one run out, until it goes stale. owner: this process, and which of its claims."""

    run_id: str
    owner: str


@dataclass(frozen=True)
class Outcome:
    """How a run ended, for now. sentence: for its history. error: what its page shows when it failed."""

    state: State
    sentence: str
    error: str = ""


class LeaseLost(Exception):
    """Somebody else may have the run now: nothing more may be written to it."""


_held_here: set[str] = set()  # owners of this process's claims that are still being worked for


@cache
def _machine() -> str:
    # Two containers may share a host name and a home, but not their process numbers.
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def this_process() -> str:
    """Names this process so that another one can tell whether it is still there: machine|process number|its start."""
    return f"{_machine()}|{os.getpid()}|{psutil.Process().create_time():.1f}"


def process_is_gone(owner: str) -> bool:
    """Whether the process behind an owner surely ended. False for other machines: only the lease tells there."""
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
    """Whether a process of this machine is known to be there."""
    return owner.startswith(_machine() + "|") and not process_is_gone(owner)


def is_stale(owner: str, until: float) -> bool:
    """Whether nobody works for this claim any more. Of its own claims a process knows it without the clock, which
    jumps when a laptop wakes up."""
    if owner.startswith(this_process() + "|"):
        return owner not in _held_here
    return until < time.time() or process_is_gone(owner)


def recover(home: Home) -> list[str]:
    """Runs whose process is gone become interrupted: they can be resumed. Gives their ids."""
    with database(home) as db:
        found = any(is_stale(row["lease_owner"], row["lease_until"]) for row in _working(db))
    if not found:  # the usual case: nobody has to wait for their turn to write
        return []
    with database(home, write=True) as db:
        return _recover(db, home)


def claim(home: Home, run_id: str) -> Claim | None:
    """The right to carry this run out, or None: it does not wait (any more), its device is busy, or others are first.

    Those before it in the queue are first, as long as a process is there that will carry them out.
    """
    with database(home, write=True) as db:
        row = db.execute("SELECT * FROM runs WHERE id = ? AND state = 'queued'", (run_id,)).fetchone()
        if row is None or _is_busy(db, home, row["device"]):
            return None
        before = db.execute(
            "SELECT lease_owner FROM runs WHERE state = 'queued' AND device = ? AND (created, id) < (?, ?)",
            (row["device"], row["created"], row["id"]),
        )
        if any(is_alive(other["lease_owner"]) for other in before):
            return None
        return _take(db, run_id)


def claim_next(home: Home, device: str) -> Claim | None:
    """The right to carry out the run that waits longest for a device, or None: nothing waits, or it is busy."""
    with database(home, write=True) as db:
        if _is_busy(db, home, device):
            return None
        row = db.execute(
            "SELECT id FROM runs WHERE state = 'queued' AND device = ? ORDER BY created, id LIMIT 1", (device,)
        ).fetchone()
        return None if row is None else _take(db, row["id"])


def waiting_devices(home: Home) -> list[str]:
    """Devices for which a run waits."""
    with database(home) as db:
        return [row["device"] for row in db.execute("SELECT DISTINCT device FROM runs WHERE state = 'queued'")]


def is_held(db: Connection, claim: Claim) -> bool:
    return (
        db.execute("SELECT 1 FROM runs WHERE id = ? AND lease_owner = ?", (claim.run_id, claim.owner)).fetchone()
        is not None
    )


def settle(home: Home, claim: Claim, outcome: Outcome) -> None:
    """End a claim: the run has its outcome, its device is free. Raises LeaseLost, DiskFull."""
    with database(home, write=True) as db:
        if not is_held(db, claim):
            raise LeaseLost(claim.run_id)
        _settle(db, home, claim.run_id, outcome)


def interrupt_what_is_held(home: Home) -> None:
    """Give up every claim of this process, whatever its threads are doing: it is about to end."""
    with database(home, write=True) as db:
        for row in _working(db):
            if row["lease_owner"] in _held_here:
                _interrupt(db, home, row["id"], "Graft was closed.")


def _working(db: Connection) -> list[Row]:
    return db.execute(f"SELECT id, device, lease_owner, lease_until FROM runs WHERE state IN {WORKING}").fetchall()


def _recover(db: Connection, home: Home) -> list[str]:
    stale = [row for row in _working(db) if is_stale(row["lease_owner"], row["lease_until"])]
    for row in stale:
        _interrupt(db, home, row["id"], "Graft ended without notice.")
    return [row["id"] for row in stale]


def _interrupt(db: Connection, home: Home, run_id: str, why: str) -> None:
    sentence = f"{why} The run goes on from its last checkpoint when it is resumed."
    _settle(db, home, run_id, Outcome("interrupted", sentence))


def _settle(db: Connection, home: Home, run_id: str, outcome: Outcome) -> None:
    save_unsaved(db, run_id, home.runs / run_id)
    db.execute(
        "UPDATE runs SET state = ?, ended = ?, error = ?, requested_action = '', lease_owner = '', "
        "progress = json_set(progress, '$.activity', '', '$.seconds_left', NULL) WHERE id = ?",
        (outcome.state, time.time(), outcome.error, run_id),
    )
    add_event(db, run_id, outcome.state, outcome.sentence)


def _is_busy(db: Connection, home: Home, device: str) -> bool:
    _recover(db, home)
    return any(row["device"] == device for row in _working(db))


def _take(db: Connection, run_id: str) -> Claim:
    claim = Claim(run_id, f"{this_process()}|{secrets.token_hex(4)}")
    _held_here.add(claim.owner)
    db.execute(
        "UPDATE runs SET state = 'running', started = coalesce(started, ?), ended = NULL, error = '', "
        "lease_owner = ?, lease_until = ? WHERE id = ?",
        (time.time(), claim.owner, time.time() + LEASE_SECONDS, run_id),
    )
    return claim


class Lease:
    """Renews a claim from a thread of its own while the `with` block works, however long one step of it takes."""

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
