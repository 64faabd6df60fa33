"""Carrying plans out: the queue, the background runner, pause, stop and resume, what happened, what the page draws.

All of it goes through the database of one home, so that a dashboard and command lines can share it: whoever asks,
one device trains one run at a time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.runs.control import (
    delete_run,
    get_run,
    has_best,
    list_runs,
    pause,
    rename_run,
    resume,
    stop,
    waits_for,
    withdraw,
)
from core.runs.happenings import events
from core.runs.types import HAS_RESULTS, Best, Happening, Run, RunProgress, State

if TYPE_CHECKING:
    from core.runs.advice import warnings_here
    from core.runs.carrying import carry_out, carry_out_if_its_turn
    from core.runs.live import curves, history, verdict_of, view_of
    from core.runs.queueing import describe, queue
    from core.runs.runner import Runner
    from core.runs.scoring import open_test
    from core.runs.teachers import check_teacher, teaching_runs

# What trains or judges loads torch and scipy, which takes seconds: a list of runs does not wait for it.
_LATER = {
    "Runner": "core.runs.runner",
    "carry_out": "core.runs.carrying",
    "carry_out_if_its_turn": "core.runs.carrying",
    "check_teacher": "core.runs.teachers",
    "curves": "core.runs.live",
    "describe": "core.runs.queueing",
    "history": "core.runs.live",
    "open_test": "core.runs.scoring",
    "queue": "core.runs.queueing",
    "teaching_runs": "core.runs.teachers",
    "verdict_of": "core.runs.live",
    "view_of": "core.runs.live",
    "warnings_here": "core.runs.advice",
}

__all__ = [
    "HAS_RESULTS",
    "Best",
    "Happening",
    "Run",
    "RunProgress",
    "Runner",
    "State",
    "carry_out",
    "carry_out_if_its_turn",
    "check_teacher",
    "curves",
    "delete_run",
    "describe",
    "events",
    "get_run",
    "has_best",
    "history",
    "list_runs",
    "open_test",
    "pause",
    "queue",
    "rename_run",
    "resume",
    "stop",
    "teaching_runs",
    "verdict_of",
    "view_of",
    "waits_for",
    "warnings_here",
    "withdraw",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
