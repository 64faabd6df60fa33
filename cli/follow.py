"""See a run through to its end from a terminal: in this process, or watching the one that has it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from cli.outcome import outcome_of
from cli.screen import complain, say, say_json
from core.execution import execute_if_due
from core.home import Home
from core.job import EpochEnded, Event
from core.monitoring import view_of
from core.runs import Run, RunProgress, dequeue, get_run, waits_for
from core.units import duration_in_words

POLL_SECONDS = 0.5
DRAW_SECONDS = 0.1
ENDING = b"\nEnding, so that what trains here can go on later. Ctrl-C again ends it at once.\n"


def follow_run(home: Home, run: Run, json: bool) -> int:
    """Wait for a queued run's turn, carry it out or watch it, and tell how it ended; gives the exit status."""
    with _ctrl_c(quiet=json) as closing, nullcontext(None) if json else Screen(home, run) as screen:
        ended = _follow_run(home, run.id, closing, screen)
    _tell(home, ended, json)
    return 0 if ended.state in ("finished", "stopped") else 1


def _follow_run(home: Home, run_id: str, closing: threading.Event, screen: "Screen | None") -> Run:
    while True:
        run = get_run(home, run_id)
        if run.is_over:
            return run
        if run.state == "queued":
            if closing.is_set():
                return dequeue(home, run_id)
            ended = execute_if_due(home, run_id, screen.take if screen else _unheard, closing)
            if ended is not None:
                return ended
        elif closing.is_set():
            return run  # another process has it, and goes on
        if screen:
            screen.show(run)
        closing.wait(POLL_SECONDS)


def _unheard(event: Event) -> None:
    """Nobody looks."""


@contextmanager
def _ctrl_c(quiet: bool) -> Iterator[threading.Event]:
    """An event that Ctrl-C sets instead of raising in the middle of a step; a second Ctrl-C does raise."""
    closing = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if closing.is_set():
            raise KeyboardInterrupt
        closing.set()
        if not quiet:
            os.write(2, ENDING)  # not print: the signal may have come in the middle of another one

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield closing
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Screen:
    """A bar for the run, and a line per epoch, on standard error."""

    def __init__(self, home: Home, run: Run) -> None:
        self._home, self._run = home, run
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rest]}"),
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task = self._bar.add_task("waiting", total=None, rest="")
        self._drawn = 0.0
        self._said = ""

    def __enter__(self) -> "Screen":
        complain(f'"{self._run.name}" ({self._run.id})')
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def take(self, event: Event) -> None:
        """One event of a run that this process carries out."""
        if isinstance(event, EpochEnded):
            self._bar.console.print(_line_of(event, self._run.plan.tasks[0]), highlight=False, soft_wrap=True)
        if time.monotonic() - self._drawn > DRAW_SECONDS:
            self._drawn = time.monotonic()
            self._draw(view_of(self._home, self._run.id).progress)

    def show(self, run: Run) -> None:
        """A run that waits, or that another process carries out."""
        waits = waits_for(self._home, run)
        if waits and waits != self._said:
            self._bar.console.print(escape(waits), highlight=False, soft_wrap=True)
            self._said = waits
        self._draw(run.progress)

    def _draw(self, progress: RunProgress) -> None:
        if progress.activity in ("", "training"):
            told = f"epoch {progress.epoch} of {progress.epochs}" if progress.epoch else "waiting"
            self._bar.update(
                self._task, description=told, completed=progress.step, total=progress.steps_total or None,
                rest=_rest(progress),
            )  # fmt: skip
        else:
            self._bar.update(
                self._task, description=escape(progress.activity_in_words), completed=progress.done,
                total=progress.total or None, rest="",
            )  # fmt: skip


def _line_of(event: EpochEnded, task: str) -> str:
    scores = event.scores[task]
    best = ", the best so far" if event.best else ""
    return (
        f"epoch {event.epoch}: loss {scores.train_loss:.3f} on photos it learns from, {scores.validation_loss:.3f} on "
        f"others; {scores.validation_accuracy:.1%} of those right{best}"
    )


def _rest(progress: RunProgress) -> str:
    speed = f"{progress.images_per_second:,.0f} photos a second" if progress.images_per_second else ""
    left = f"{duration_in_words(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return ", ".join(part for part in (speed, left) if part)


def _tell(home: Home, run: Run, json: bool) -> None:
    told = outcome_of(home, run)
    if json:
        say_json(told)
    elif run.state in ("finished", "stopped"):
        accuracy = told["validation_accuracy"]
        right = (
            f": {accuracy['text']} of the validation photos right, from epoch {told['best_epoch']}" if accuracy else ""
        )
        say(f'"{run.name}" is {run.state}{right}.')
    if run.state == "failed":
        complain(run.error)
    elif run.state == "interrupted":
        complain(f'"{run.name}" was interrupted. Go on with: graft resume {run.id}')
    elif not run.is_over:
        complain(f'"{run.name}" goes on in another process. Look at it with: graft show {run.id}')
    sys.stdout.flush()
