"""A run, its progress and its events."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from core.activity import Activity, activity_in_words
from core.plans import Plan

State = Literal["queued", "running", "paused", "finished", "stopped", "failed", "interrupted"]
RequestedAction = Literal["", "pause", "stop"]

WORKING: tuple[State, ...] = ("running", "paused")  # a process holds its device
OVER: tuple[State, ...] = ("finished", "stopped", "failed", "interrupted")
STATES: tuple[State, ...] = ("queued", *WORKING, *OVER)
HAS_RESULTS: tuple[State, ...] = ("finished", "stopped")


@dataclass(frozen=True)
class Best:
    """The best epoch, whose model is saved. accuracy_text: on validation photos, with its margin; of each task."""

    epoch: int
    step: int
    accuracy_text: str


@dataclass(frozen=True)
class RunProgress:
    """How far a run is, as screens show it.

    activity: what takes its time just now; done, total, view and views belong to it when it is not training. number (of
    the phase), epoch and step count from 1; 0 is before the first. images: of this epoch, so far. epochs_done: those
    that were evaluated, too. steps_total: an upper bound until the first epoch has ended; early stopping may end it
    sooner. images_per_second, seconds_left: None until something was measured. rewound: how often curves were cut back
    to a checkpoint, so that readers know to read them anew.
    """

    activity: Activity = ""
    done: int = 0
    total: int = 0
    view: int = 0
    views: int = 0
    phase: str = ""
    number: int = 0
    phases: int = 0
    epoch: int = 0
    epochs: int = 0
    epochs_done: int = 0
    step: int = 0
    steps_total: int = 0
    steps_per_epoch: int = 0
    images: int = 0
    images_total: int = 0
    images_per_second: float | None = None
    seconds_left: float | None = None
    best: Best | None = None
    rewound: int = 0

    @property
    def activity_in_words(self) -> str:
        """What it is busy with besides training, as screens word it; empty while it trains."""
        return "" if self.activity == "training" else activity_in_words(self.activity, self.view, self.views)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def progress_from(fields: dict[str, Any]) -> RunProgress:
    """The inverse of `as_json`."""
    best = fields.get("best")
    return RunProgress(**{**fields, "best": Best(**best) if best else None})


@dataclass(frozen=True)
class Run:
    """A plan and what became of it. Times are seconds since 1970; device is a real one ("cpu", "cuda:0"), never "auto".

    requested_action: what the user asked for and the process that trains has not done yet. error: the sentence, when
    it failed. test_opened: how often the results of the test split were asked for. seconds: that it was worked on so
    far, pauses included, by a clock that nobody sets; None before it began. tags, note: the user's, to find it by.
    """

    id: str
    name: str
    state: State
    created: float
    started: float | None
    ended: float | None
    plan: Plan
    dataset_id: str
    dataset_name: str
    device: str
    requested_action: RequestedAction
    progress: RunProgress
    error: str
    test_opened: int
    seconds: float | None = None
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def can_resume(self) -> bool:
        return self.state in ("paused", "interrupted", "failed")


@dataclass(frozen=True)
class DamagedRun:
    """A run whose row in the database cannot be read any more. reason: in a sentence."""

    id: str
    name: str
    created: float
    reason: str


class RunEvent(NamedTuple):
    """One event of a run. number: from 1, in order. time: seconds since 1970. sentence: in plain words."""

    number: int
    time: float
    kind: str
    sentence: str
