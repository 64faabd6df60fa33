"""Which process has a run: claimed in the database, renewed while the process lives, released when it does not."""

import secrets
import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from sqlite3 import Connection, Row
from types import TracebackType

from core.errors import GraftError
from core.home import Home, database, is_alive, is_this_process, process_is_gone, shares_clock, this_process
from core.runs.event_log import add_event
from core.runs.folder import tidy_run
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


def is_stale(row: Row) -> bool:
    """Whether nobody works on a claim any more. row: of the table `runs`, with all that begins with `lease_`."""
    owner = row["lease_owner"]
    if is_this_process(owner):
        return owner not in _held_here
    if process_is_gone(owner):
        return True
    if row["lease_monotonic"] is not None and shares_clock(owner):
        return row["lease_monotonic"] < time.monotonic()
    return row["lease_until"] < time.time()  # of another machine, or of a Graft before there was a monotonic lease


def interrupt_stale(home: Home) -> list[str]:
    """Make runs whose process is gone interrupted, so that they can be resumed; gives their ids."""
    with database(home) as db:
        found = any(map(is_stale, _working_runs(db)))
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


def renew(db: Connection, claim: Claim) -> None:
    """Let a claim last for LEASE_SECONDS from now, and count the time that the run took. Raises LeaseLost."""
    now = time.monotonic()
    renewed = db.execute(
        "UPDATE runs SET lease_until = ?, lease_monotonic = ?, seconds = seconds + ? - lease_monotonic "
        "WHERE id = ? AND lease_owner = ?",
        (time.time() + LEASE_SECONDS, now + LEASE_SECONDS, now + LEASE_SECONDS, claim.run_id, claim.owner),
    ).rowcount
    if not renewed:
        raise LeaseLost(claim.run_id)


def release(home: Home, claim: Claim, outcome: RunOutcome) -> None:
    """End a claim: the run gets its outcome, its device is free. Raises LeaseLost, DiskFull."""
    with database(home, write=True) as db:
        renew(db, claim)
        _release(db, home, claim.run_id, outcome)


def interrupt_held(home: Home) -> None:
    """Release every claim of this process as interrupted, whatever its threads do: it is about to end."""
    with database(home, write=True) as db:
        for row in _working_runs(db):
            if row["lease_owner"] in _held_here:
                _interrupt(db, home, row["id"], "Graft was closed.")


def _working_runs(db: Connection) -> list[Row]:
    columns = "id, device, lease_owner, lease_until, lease_monotonic"
    return db.execute(f"SELECT {columns} FROM runs WHERE state IN {WORKING}").fetchall()


def _interrupt_stale(db: Connection, home: Home) -> list[str]:
    stale = [row for row in _working_runs(db) if is_stale(row)]
    for row in stale:
        _interrupt(db, home, row["id"], "Graft ended without notice.")
        with suppress(OSError, GraftError):  # a folder that may not be touched: the run says so when it is resumed
            tidy_run(home.runs / row["id"])
    return [row["id"] for row in stale]


def _interrupt(db: Connection, home: Home, run_id: str, why: str) -> None:
    sentence = f"{why} The run goes on from its last checkpoint when it is resumed."
    _release(db, home, run_id, RunOutcome("interrupted", sentence))


def _release(db: Connection, home: Home, run_id: str, outcome: RunOutcome) -> None:
    replay_journal(db, run_id, home.runs / run_id)
    db.execute(
        "UPDATE runs SET state = ?, ended = ?, error = ?, requested_action = '', lease_owner = '', "
        "progress = CASE WHEN json_valid(progress) "
        "THEN json_set(progress, '$.activity', '', '$.seconds_left', NULL) ELSE progress END WHERE id = ?",
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
        "UPDATE runs SET state = 'running', seconds = CASE WHEN started IS NULL THEN 0 ELSE seconds END, "
        "started = coalesce(started, ?), ended = NULL, error = '', lease_owner = ?, lease_monotonic = ? WHERE id = ?",
        (time.time(), claimed.owner, time.monotonic() + LEASE_SECONDS, run_id),
    )
    renew(db, claimed)
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
                    renew(db, self._claim)
            except LeaseLost:
                return  # the run notices when it writes its next event
            except (GraftError, sqlite3.Error):
                continue  # a full disk or a busy database may pass before the lease runs out
