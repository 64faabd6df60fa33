"""Graft as `graft` starts it, with a stopwatch in it: for `interface.py`.

    STOPWATCH=FILE python -m benchmarks.timed_server --port 0 --no-browser

writes a line for every run of a page's script ("script", when it began, seconds) and every training step ("step", when,
photos).
"""

import os
import threading
import time
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from cli.app import main
from core.execution import Recorder
from core.job import Event, Stepped

_lines = open(os.environ["STOPWATCH"], "a", buffering=1)  # noqa: SIM115  (as long as the server)
_one_at_a_time = threading.Lock()


def _write(*parts: object) -> None:
    with _one_at_a_time:
        print(*parts, file=_lines)


def _watch_scripts() -> None:
    run = ScriptRunner._run_script

    @wraps(run)
    def timed(self: ScriptRunner, *args: Any, **kwargs: Any) -> Any:
        started = time.time()
        try:
            return run(self, *args, **kwargs)
        finally:
            _write("script", started, time.time() - started)

    ScriptRunner._run_script = timed


def _watch_steps() -> None:
    record = Recorder.record

    @wraps(record)
    def timed(self: Recorder, event: Event) -> None:
        if isinstance(event, Stepped):
            _write("step", time.time(), self._run.plan.batch_size)
        record(self, event)

    Recorder.record = timed


_watch_scripts()
_watch_steps()
main()
