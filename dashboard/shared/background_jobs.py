"""Imports, downloads, trials and groupings on threads of the server: they outlive the page that starts them.

One registry for the whole server, so that a refresh, a second tab and a second user see the same bar.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import GraftError
from core.home import Progress

JobKind = Literal["import", "download", "trial", "grouping"]
RETENTION_SECONDS = 3_600  # how long a job that has ended can still be fetched
log = logging.getLogger("graft")


class Cancelled(Exception):
    """Raised inside a job by its own progress call, once somebody cancelled it."""


@dataclass
class BackgroundJob:
    """One import, download, trial or grouping. Its thread writes, pages read; each field is replaced whole, so
    no lock is needed.

    subject: what it works on; one subject has one job at a time. total 0: not known. started and ended are moments of
    `time.monotonic`.
    """

    id: str
    kind: JobKind
    subject: str
    title: str
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    activity: str = ""
    done: int = 0
    total: int = 0
    result: Any = None
    error: GraftError | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    is_cancel_requested: bool = False

    def report(self, done: int, total: int, activity: str) -> None:
        """Update the progress; the job's work gets this as its `Progress`. Raises Cancelled after `cancel`."""
        if self.is_cancel_requested:
            raise Cancelled
        self.done, self.total, self.activity = done, total, activity

    def cancel(self) -> None:
        """Ask the job to end; it does so at its next report."""
        self.is_cancel_requested = True

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None while the total is not known."""
        return min(1.0, self.done / self.total) if self.total else None

    def seconds_left(self) -> float | None:
        """Remaining time at the average pace; None in the first seconds and while the total is not known."""
        elapsed = time.monotonic() - self.started
        if not self.fraction or elapsed < 3:
            return None
        return elapsed / self.fraction - elapsed


_jobs: dict[str, BackgroundJob] = {}
_lock = threading.Lock()  # held while the registry changes, never while a job works


def start(kind: JobKind, subject: str, title: str, work: Callable[[Progress], Any]) -> BackgroundJob:
    """Run `work(progress)` on a thread. Where a job of this kind and subject is running, that one is returned."""
    with _lock:
        _drop_old_jobs()
        for job in _jobs.values():
            if job.state == "running" and (job.kind, job.subject) == (kind, subject):
                return job
        job = BackgroundJob(uuid.uuid4().hex[:12], kind, subject, title)
        _jobs[job.id] = job
    threading.Thread(target=_execute, args=(job, work), name=f"graft-{kind}", daemon=True).start()
    return job


def get(job_id: str | None) -> BackgroundJob | None:
    """The job of this id; None when there is none (any more)."""
    return _jobs.get(job_id or "")


def latest(kind: JobKind, subject: str) -> BackgroundJob | None:
    """The job of this kind and subject that was started last; None when there is none (any more)."""
    found = [job for job in list(_jobs.values()) if (job.kind, job.subject) == (kind, subject)]
    return found[-1] if found else None


def running(kind: JobKind) -> list[BackgroundJob]:
    """The jobs of a kind that have not ended."""
    return [job for job in list(_jobs.values()) if job.kind == kind and job.state == "running"]


def _execute(job: BackgroundJob, work: Callable[[Progress], Any]) -> None:
    try:
        job.result = work(job.report)
        job.state = "done"
    except Cancelled:
        job.state = "cancelled"
    except GraftError as error:
        job.error = error
        job.state = "failed"
    except Exception as error:  # the thread's outermost frame: nobody else would report the failure
        log.exception("%s failed", job.title)
        job.error = GraftError(f"{job.title} failed: {error}.", "The window in which Graft was started says more.")
        job.state = "failed"
    finally:
        job.ended = time.monotonic()


def _drop_old_jobs() -> None:
    now = time.monotonic()
    for job in list(_jobs.values()):
        if job.ended is not None and now - job.ended > RETENTION_SECONDS:
            del _jobs[job.id]
