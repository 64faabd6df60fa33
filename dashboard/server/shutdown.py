"""How the server ends: within seconds of Ctrl-C, with every run left resumable."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

SHUTDOWN_SECONDS = 4.0


def shutdown_on_signal(close: Callable[[float], None]) -> None:
    """Let Ctrl-C also call `close(seconds)`, and end the process after SHUTDOWN_SECONDS whatever else goes on.

    The server waits for what is open, without a limit: an upload of gigabytes, a tab that does not answer. Call it on
    the main thread, once the server has set its own handlers.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        previous = signal.getsignal(number)
        if callable(previous):
            signal.signal(number, _with_deadline(previous, close))


def _with_deadline(
    previous: Callable[[int, FrameType | None], Any], close: Callable[[float], None]
) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        threading.Thread(target=_end, args=(close,), daemon=True).start()
        return previous(number, frame)

    return handle


def _end(close: Callable[[float], None]) -> None:
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    close(SHUTDOWN_SECONDS - 0.5)
    time.sleep(max(0.0, deadline - time.monotonic()))
    exit_now(0)


def exit_now(status: int) -> None:
    """End the process at once: everything of value is on disk by now.

    The interpreter's own way out would first wait for threads that measure or decode (12 s were seen), and let
    libraries complain about what they leave behind.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
