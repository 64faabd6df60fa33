"""The end of the server: within seconds of Ctrl-C, with every run left resumable."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

SECONDS = 4.0


def shutdown_on_signal(close: Callable[[float], None]) -> None:
    """From now on Ctrl-C also calls `close(seconds)`, and ends the process after SECONDS whatever else goes on.

    The server waits for what is open, without a limit: an upload of gigabytes, a tab that does not answer. Call it on
    the main thread, once the server has set its own handlers.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _with_deadline(before, close))


def _with_deadline(
    before: Callable[[int, FrameType | None], Any], close: Callable[[float], None]
) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        threading.Thread(target=_end, args=(close,), daemon=True).start()
        return before(number, frame)

    return handle


def _end(close: Callable[[float], None]) -> None:
    deadline = time.monotonic() + SECONDS
    close(SECONDS - 0.5)
    time.sleep(max(0.0, deadline - time.monotonic()))
    leave(0)


def leave(status: int) -> None:
    """End the process at once: all that must be kept is on disk by now.

    The interpreter's own way out would first wait for threads that measure or decode (12 s were seen), and let
    libraries complain about what they leave behind.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
