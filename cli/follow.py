"""Follow a run to its end in a terminal, executing it here or watching the process that does."""

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

from cli.output import print_error, print_json, print_line
from cli.summary import summarize_run
from core.evaluation import kept_in_words
from core.execution import execute
from core.home import Home
from core.job import EpochEnded, Event, ignore_event
from core.monitoring import read_view
from core.runs import Run, RunProgress, claim, dequeue, get_run, waits_for
from core.units import format_rough_duration

POLL_SECONDS = 0.5
DRAW_SECONDS = 0.1
ENDING = b"\nEnding, so that what trains here can go on later. Ctrl-C again ends it at once.\n"


def follow_run(home: Home, run: Run, json: bool) -> int:
    """Execute a queued run when its turn comes, or watch it elsewhere, and print a summary; returns the exit status."""
    ended = follow_to_end(home, run, quiet=json)
    _print_summary(home, ended, json)
    return 0 if ended.state in ("finished", "stopped") else 1


def follow_to_end(home: Home, run: Run, quiet: bool) -> Run:
    """Execute a queued run when its turn comes, or watch it elsewhere; returns it as it ended."""
    if run.is_over:
        return run
    with _graceful_interrupt(quiet) as closing, nullcontext(None) if quiet else RunDisplay(home, run) as display:
        return _follow_run(home, run.id, closing, display)


def _follow_run(home: Home, run_id: str, closing: threading.Event, display: "RunDisplay | None") -> Run:
    while True:
        run = get_run(home, run_id)
        if run.is_over:
            return run
        if run.state == "queued":
            if closing.is_set():
                return dequeue(home, run_id)
            claimed = claim(home, run_id)
            if claimed:
                return execute(home, claimed, display.on_event if display else ignore_event, closing.is_set)
        elif closing.is_set():
            return run  # another process executes it and goes on
        if display:
            display.update(run)
        closing.wait(POLL_SECONDS)


@contextmanager
def _graceful_interrupt(quiet: bool) -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets instead of raising in the middle of a step; a second Ctrl-C raises."""
    closing = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if closing.is_set():
            raise KeyboardInterrupt
        closing.set()
        if not quiet:
            os.write(2, ENDING)  # not print: the signal may have come in the middle of another one

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield closing
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class RunDisplay:
    """Progress bar of a run, and a line for each epoch, on standard error."""

    def __init__(self, home: Home, run: Run) -> None:
        self._home, self._run = home, run
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[details]}"),
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task = self._bar.add_task("waiting", total=None, details="")
        self._drawn_at = 0.0
        self._printed_reason = ""

    def __enter__(self) -> "RunDisplay":
        print_error(f'"{self._run.name}" ({self._run.id})')
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_event(self, event: Event) -> None:
        """Handle an event of a run that this process executes."""
        if isinstance(event, EpochEnded):
            self._bar.console.print(_epoch_line(event), highlight=False, soft_wrap=True)
        if time.monotonic() - self._drawn_at > DRAW_SECONDS:
            self._drawn_at = time.monotonic()
            self._draw(read_view(self._home, self._run.id).progress)

    def update(self, run: Run) -> None:
        """Show a run that waits or that another process executes."""
        reason = waits_for(self._home, run)
        if reason and reason != self._printed_reason:
            self._bar.console.print(escape(reason), highlight=False, soft_wrap=True)
            self._printed_reason = reason
        self._draw(run.progress)

    def _draw(self, progress: RunProgress) -> None:
        if progress.activity in ("", "training"):
            description = f"epoch {progress.epoch} of {progress.epochs}" if progress.epoch else "waiting"
            self._bar.update(
                self._task, description=description, completed=progress.step, total=progress.steps_total or None,
                details=_speed_and_time_left(progress),
            )  # fmt: skip
        else:
            self._bar.update(
                self._task, description=escape(progress.activity_in_words), completed=progress.done,
                total=progress.total or None, details="",
            )  # fmt: skip


def _epoch_line(event: EpochEnded) -> str:
    """Of several tasks, each with its name."""
    names = {task: f"{task}, " if len(event.scores) > 1 else "" for task in event.scores}
    scores = "; ".join(
        f"{names[task]}loss {each.train_loss:.3f} on photos it learns from, {each.validation_loss:.3f} on others, "
        f"{each.validation_accuracy:.1%} of those right"
        for task, each in event.scores.items()
    )
    return f"epoch {event.epoch}: {scores}{f', {event.best_in_words}' if event.best else ''}"


def _speed_and_time_left(progress: RunProgress) -> str:
    speed = f"{progress.images_per_second:,.0f} photos a second" if progress.images_per_second else ""
    left = f"{format_rough_duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return ", ".join(part for part in (speed, left) if part)


def _print_summary(home: Home, run: Run, json: bool) -> None:
    summary = summarize_run(home, run)
    if json:
        print_json(summary)
    elif run.state in ("finished", "stopped"):
        accuracy = summary["validation_accuracy"]
        kept = kept_in_words(summary["best_epoch"], summary.get("soup", ()))
        right = f": {accuracy['text']} of the validation photos right, from {kept}" if accuracy else ""
        print_line(f'"{run.name}" is {run.state}{right}.')
    if run.state == "failed":
        print_error(run.error)
    elif run.state == "interrupted":
        print_error(f'"{run.name}" was interrupted. Go on with: graft resume {run.id}')
    elif not run.is_over:
        print_error(f'"{run.name}" goes on in another process. Look at it with: graft show {run.id}')
    sys.stdout.flush()
