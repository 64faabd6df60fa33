"""Long work that a page starts and that outlives the page: imports and downloads, on threads of the server.

One registry for the server, so that a refresh, a second tab and a second user see the same bar.
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

KEPT_SECONDS = 3_600  # how long what has ended can still be asked for
log = logging.getLogger("graft")


class Cancelled(Exception):
    """Raised inside the work by its own progress call, once somebody asked it to end."""


@dataclass
class Work:
    """One piece of work. Its thread writes, pages read; each field is written whole, so no lock is needed.

    kind: "import" or "download". about: what it works on, for pages that show only theirs. total 0: not known.
    """

    id: str
    kind: Literal["import", "download"]
    about: str
    title: str
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    doing: str = ""
    done: int = 0
    total: int = 0
    result: Any = None
    error: GraftError | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    wanted: bool = True

    def report(self, done: int, total: int, doing: str) -> None:
        """The work's Progress. Raises Cancelled when it is not wanted any more."""
        if not self.wanted:
            raise Cancelled
        self.done, self.total, self.doing = done, total, doing

    def cancel(self) -> None:
        """Ask it to end; it does so at its next report."""
        self.wanted = False

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1; None while nobody knows."""
        return min(1.0, self.done / self.total) if self.total else None

    def seconds_left(self) -> float | None:
        """At the pace so far; None in the first seconds and while the total is not known."""
        elapsed = time.monotonic() - self.began
        if not self.share or elapsed < 3:
            return None
        return elapsed / self.share - elapsed


_works: dict[str, Work] = {}
_lock = threading.Lock()  # held while the registry changes, never while work is done


def start(kind: Literal["import", "download"], about: str, title: str, work: Callable[[Progress], Any]) -> Work:
    """Begin `work(progress)` on a thread. The same work (kind and about) is not begun twice at once."""
    with _lock:
        _forget_what_is_old()
        for known in _works.values():
            if known.state == "running" and (known.kind, known.about) == (kind, about):
                return known
        started = Work(uuid.uuid4().hex[:12], kind, about, title)
        _works[started.id] = started
    threading.Thread(target=_carry_out, args=(started, work), name=f"graft-{kind}", daemon=True).start()
    return started


def find(work_id: str | None) -> Work | None:
    return _works.get(work_id or "")


def running(kind: Literal["import", "download"]) -> list[Work]:
    return [work for work in list(_works.values()) if work.kind == kind and work.state == "running"]


def _carry_out(work: Work, function: Callable[[Progress], Any]) -> None:
    try:
        work.result = function(work.report)
        work.state = "done"
    except Cancelled:
        work.state = "cancelled"
    except GraftError as error:
        work.error = error
        work.state = "failed"
    except Exception as error:  # the thread's outermost frame: nobody else would ever say that it failed
        log.exception("%s failed", work.title)
        work.error = GraftError(f"{work.title} failed: {error}.", "The window in which Graft was started says more.")
        work.state = "failed"
    finally:
        work.ended = time.monotonic()


def _forget_what_is_old() -> None:
    now = time.monotonic()
    for old in [w.id for w in _works.values() if w.ended is not None and now - w.ended > KEPT_SECONDS]:
        del _works[old]
