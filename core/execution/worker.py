"""The background of the server: one thread per device takes run after run from the queue."""

import contextlib
import logging
import os
import sqlite3
import sys
import threading
import time

from core.errors import DiskFull
from core.execution.executor import execute_claimed
from core.home import Home
from core.job import ignore_event
from core.runs import claim_next, interrupt_what_is_held, recover, waiting_devices

POLL_SECONDS = 0.5
RECOVER_SECONDS = 5.0
NICE = 10  # how far training on the processor steps back behind what a person waits for; 19 is the most

log = logging.getLogger("graft.runs")


class Worker:
    """Carries out what is queued in one home, whoever queued it, from `start` to `close`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._closing = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._watcher = threading.Thread(target=self._watch, name="graft queue", daemon=True)

    def start(self) -> None:
        """Begin. Runs that a process left behind when it ended are interrupted from now on."""
        recover(self._home)
        self._watcher.start()

    def close(self, seconds: float = 5.0) -> None:
        """End every run at its next step, resumably; after so many seconds without waiting for that step."""
        self._closing.set()
        deadline = time.monotonic() + seconds
        for thread in [self._watcher, *self._threads.values()]:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads.values()):
            with contextlib.suppress(DiskFull, sqlite3.OperationalError):  # then its lease tells, at the next start
                interrupt_what_is_held(self._home)

    def _watch(self) -> None:
        recovered = time.monotonic()
        while not self._closing.wait(POLL_SECONDS):
            try:
                if time.monotonic() - recovered > RECOVER_SECONDS:
                    recover(self._home)
                    recovered = time.monotonic()
                for device in waiting_devices(self._home):
                    self._see_to(device)
            except (DiskFull, sqlite3.OperationalError):
                log.exception("the queue could not be read; trying again")

    def _see_to(self, device: str) -> None:
        """Have a thread work for the device."""
        if device not in self._threads or not self._threads[device].is_alive():
            name = f"graft on {device}"
            self._threads[device] = threading.Thread(target=self._work, args=(device,), name=name, daemon=True)
            self._threads[device].start()

    def _work(self, device: str) -> None:
        """Take run after run, until none waits or another process has the device."""
        if device == "cpu":
            step_back()
        while not self._closing.is_set():
            mine = claim_next(self._home, device)
            if mine is None:
                return
            try:
                execute_claimed(self._home, mine, ignore_event, self._closing)
            except Exception:  # not even a run whose outcome could not be written may end the queue
                log.exception("run %s ended without an outcome", mine.run_id)


def step_back() -> None:
    """Let every thread of this program and every other program go before this thread and those that it starts."""
    # Measured on two cores beside a full fine-tuning: a page's script takes 68 ms when nothing trains, 149 beside a
    # training that is as nice as the page, 86 with this. Torch's threads for a thread are started by it, at its first
    # large operation, and are as nice as it is. Only Linux has this for a single thread.
    if sys.platform == "linux":
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, max(NICE, os.getpriority(os.PRIO_PROCESS, mine)))  # never forward again
