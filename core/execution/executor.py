"""Where a run is carried out. The one place today is a thread of this process.

Commands go in, events come out into the home, and nothing else is shared: another process or another machine can
implement the same two protocols. That a run is to pause or stop stands in the database, whoever carries it out.
"""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from core.errors import GraftError
from core.execution.run_loop import execute
from core.home import Home
from core.runs import Claim, get_run

NICENESS = 10  # how far training on the processor yields to what a person waits for; 19 is the most

log = logging.getLogger("graft.runs")


class Execution(Protocol):
    """One run that is being carried out."""

    def close(self) -> None:
        """Ask it to end at its next step, resumably. Returns at once."""

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still goes on after so many seconds."""


class Executor(Protocol):
    """Carries claimed runs out."""

    def start(self, claim: Claim, on_end: Callable[[], None]) -> Execution:
        """Begin, and return at once. on_end: called from any thread when the run is over."""


class ThreadExecutor:
    """Each run on a thread of its own."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def start(self, claim: Claim, on_end: Callable[[], None]) -> "ThreadExecution":
        return ThreadExecution(self._home, claim, on_end)


class ThreadExecution:
    """A run on a thread, from now on."""

    def __init__(self, home: Home, claim: Claim, on_end: Callable[[], None]) -> None:
        self._closing, self._over = threading.Event(), threading.Event()
        name = f"graft run {claim.run_id}"
        threading.Thread(target=self._execute, args=(home, claim, on_end), name=name, daemon=True).start()

    def close(self) -> None:
        self._closing.set()

    def wait(self, seconds: float) -> bool:
        return self._over.wait(max(0.0, seconds))

    def _execute(self, home: Home, claim: Claim, on_end: Callable[[], None]) -> None:
        try:
            with contextlib.suppress(GraftError):  # a damaged run: its outcome says so
                if get_run(home, claim.run_id).device == "cpu":
                    lower_priority()
            execute(home, claim, is_closing=self._closing.is_set)
        except Exception:  # not even a run whose outcome could not be written may end the queue
            log.exception("run %s ended without an outcome", claim.run_id)
        finally:
            self._over.set()
            on_end()


def lower_priority() -> None:
    """Let every other thread and program go before this thread and those that it starts."""
    # Measured on two cores beside a full fine-tuning: a page's script takes 68 ms when nothing trains, 149 beside a
    # training that is as nice as the page, 86 with this. Torch's threads for a thread are started by it, at its first
    # large operation, and are as nice as it is. Only Linux has this for a single thread.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread))  # a lower one would be refused
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
