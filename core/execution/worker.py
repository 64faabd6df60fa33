"""The background of the server: it claims run after run from the queue, and hands each to an executor."""

import contextlib
import logging
import sqlite3
import threading
import time

from core.errors import GraftError
from core.execution.executor import Execution, Executor, ThreadExecutor
from core.execution.sweeping import sweep
from core.home import Home
from core.runs import claim_next, interrupt_held, interrupt_stale, waiting_devices

POLL_SECONDS = 0.5
STALE_POLL_SECONDS = 5.0

log = logging.getLogger("graft.runs")


class Worker:
    """Carries out what is queued in one home, whoever queued it, from `start` to `close`; one run per device."""

    def __init__(self, home: Home, executor: Executor | None = None) -> None:
        self._home = home
        self._executor = executor or ThreadExecutor(home)
        self._executions: dict[str, Execution] = {}  # by device
        self._is_closing = False
        self._wake = threading.Event()  # set when a device may be free, or the worker is to close
        self._watcher = threading.Thread(target=self._watch, name="graft queue", daemon=True)

    def start(self) -> None:
        """Begin. Runs that a process left behind when it ended are interrupted from now on, its other traces swept."""
        with contextlib.suppress(GraftError, sqlite3.Error, OSError):  # the queue says so, as long as it lasts
            interrupt_stale(self._home)
            sweep(self._home)
        self._watcher.start()

    def close(self, seconds: float = 5.0) -> None:
        """End every run at its next step, resumably; after so many seconds without waiting for that step."""
        deadline = time.monotonic() + seconds
        self._is_closing = True
        self._wake.set()
        self._close_executions()
        if self._watcher.is_alive():
            self._watcher.join(seconds)
            self._close_executions()  # it may have started another one in the meantime
        ended = [execution.wait(deadline - time.monotonic()) for execution in self._executions.values()]
        if not all(ended):
            with contextlib.suppress(GraftError, sqlite3.Error):  # the next start finds its lease stale
                interrupt_held(self._home)

    def _close_executions(self) -> None:
        for execution in list(self._executions.values()):
            execution.close()

    def _watch(self) -> None:
        checked = time.monotonic()
        while not self._is_closing:
            try:
                if time.monotonic() - checked > STALE_POLL_SECONDS:
                    interrupt_stale(self._home)
                    checked = time.monotonic()
                for device in waiting_devices(self._home):
                    self._start_next(device)
                pause = POLL_SECONDS
            except (GraftError, sqlite3.Error, OSError):
                log.exception("the queue could not be read; trying again")
                pause = STALE_POLL_SECONDS
            self._wake.wait(pause)
            self._wake.clear()

    def _start_next(self, device: str) -> None:
        """Start the run that waits longest for a device, unless that is busy."""
        if device in self._executions and not self._executions[device].wait(0):
            return
        claim = None if self._is_closing else claim_next(self._home, device)
        if claim:
            self._executions[device] = self._executor.start(claim, on_end=self._wake.set)
