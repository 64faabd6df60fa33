"""Writes down the events of a run: at once into memory and the journal, twice a second into the database."""

import contextlib
import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.errors import Busy, DiskFull
from core.evaluation import epoch_curves, step_curves
from core.execution.eta import ProgressMeter, with_activity
from core.home import Home, database
from core.job import Ended, EpochEnded, Event, Noted, PhaseBegan, Prepared, Stepped, Warned
from core.monitoring import read_stored_view, register_live
from core.runs import (
    RESERVE,
    Best,
    Claim,
    Entry,
    Journal,
    LeaseLost,
    Point,
    RequestedAction,
    Run,
    State,
    next_event_number,
    renew,
    run_folder,
    save_entries,
)
from core.tasks import Task, label_kind

FLUSH_SECONDS = 0.5
BUSY_SECONDS = 20.0  # until the next try, after one that waited as long in vain
RESERVE_BYTES = 512 * 1024  # what a run frees when the disk is full, so that its last events still find some room
RATE_CHANGE = 0.01  # a learning rate is written down again when it moved by this share

EventRow = tuple[int, float, str, dict[str, Any]]  # number, time, kind, facts with the sentence


def reserve_disk(folder: Path) -> None:
    """Occupy a little room in a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESERVE).write_bytes(random.Random(0).randbytes(RESERVE_BYTES))  # zeros could be packed


def free_disk_reserve(folder: Path) -> None:
    (folder / RESERVE).unlink(missing_ok=True)


class Recorder:
    """The `RunSink` of a run that this process executes: its live view, its journal and its rows in the database."""

    def __init__(self, home: Home, claim: Claim, run: Run, meter: ProgressMeter, tasks: Sequence[Task]) -> None:
        self._home, self._claim, self._run, self._meter = home, claim, run, meter
        self._tasks = tuple(tasks)
        self._step_curves = step_curves(label_kind(task) for task in tasks)
        self.requested_action: RequestedAction = run.requested_action
        self.view = read_stored_view(home, run)
        self.view.state = "running"
        with database(home) as db:
            self._next_number = next_event_number(db, run.id)
        self._journal = Journal(run_folder(home, run.id))
        self._pending: list[Entry] = []
        self._flushed = time.monotonic()
        self._rates: dict[str, float] = {}
        self._is_resumed = bool(self.view.curves)
        device = device_in_words(run.device)
        if self.view.head_widths:
            self.add_event("resumed", f"Goes on where it was, on {device}.")
        else:
            self.add_event("began", f"Began on {device}.", **_facts_of(tasks))
        register_live(home, run.id, self.view)

    def record(self, event: Event) -> None:
        """One event of the engine."""
        if isinstance(event, Stepped | EpochEnded) and (self._is_resumed or self._goes_back(event)):
            self._rewind(event)
            self._is_resumed = False
        self.view.progress = self._meter.follow(event)
        points = self._points(event)
        self.view.append_points(points)
        self._append(Entry(points, self._event_row(event)))
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush_unless_busy()

    def add_event(self, kind: str, sentence: str, **facts: Any) -> None:
        """An event of the run's history that the engine knows nothing of."""
        self._append(Entry([], self._row(kind, sentence, **facts)))
        self.flush()

    def show_activity(self, event: Prepared) -> None:
        """What takes its time before or after the engine's own events."""
        self.view.progress = replace(with_activity(self.view.progress, event), seconds_left=None)
        if time.monotonic() - self._flushed > FLUSH_SECONDS or not event.done:
            self._flush_unless_busy()

    def set_state(self, state: State, sentence: str) -> None:
        """Running or paused: the claim stays."""
        self.view.state = state
        self.add_event(state, sentence)

    def flush(self) -> None:
        """Write what is pending to the database, and read the requested action. Raises LeaseLost, DiskFull, Busy."""
        progress = json.dumps(self.view.progress.as_json())
        with database(self._home, write=True) as db:
            renew(db, self._claim)
            save_entries(db, self._run.id, self._pending)
            db.execute(
                "UPDATE runs SET state = ?, progress = ? WHERE id = ?", (self.view.state, progress, self._run.id)
            )
            (self.requested_action,) = db.execute(
                "SELECT requested_action FROM runs WHERE id = ?", (self._run.id,)
            ).fetchone()
        self._pending = []
        self._journal.clear()
        self._flushed = time.monotonic()

    def _flush_unless_busy(self) -> None:
        """A viewer of databases that does not let go stops no training: the journal has all until the next time."""
        try:
            self.flush()
        except Busy:
            self._flushed = time.monotonic() + BUSY_SECONDS

    def close(self) -> None:
        """Write what is pending, however the run ended, also on a full disk."""
        try:
            self.flush()
        except DiskFull:
            free_disk_reserve(run_folder(self._home, self._run.id))
            with contextlib.suppress(DiskFull, LeaseLost, Busy):
                self.flush()
        except (LeaseLost, Busy):
            pass
        self._journal.close()

    def _append(self, entry: Entry) -> None:
        if entry.event:
            _, _, kind, facts = entry.event
            self.view.apply_event(kind, facts)
        if entry.points or entry.event:
            self._pending.append(entry)
            self._journal.append(entry)

    def _row(self, kind: str, sentence: str, **facts: Any) -> EventRow:
        number, self._next_number = self._next_number, self._next_number + 1
        return number, time.time(), kind, {"sentence": sentence, **facts}

    def _points(self, event: Event) -> list[Point]:
        match event:
            case Stepped():
                return [*points_of_a_step(event, self._step_curves), *self._changed_rates(event)]
            case EpochEnded():
                return points_of_an_epoch(event, self._tasks)
        return []

    def _changed_rates(self, event: Stepped) -> list[Point]:
        changed = {
            name: rate
            for name, rate in event.learning_rates.items()
            if abs(rate - self._rates.get(name, math.inf)) > RATE_CHANGE * self._rates.get(name, 0.0)
        }
        self._rates.update(changed)
        return [Point(f"rate/{name}", event.step, rate) for name, rate in changed.items()]

    def _event_row(self, event: Event) -> EventRow | None:
        """The row of the history that an event of the engine becomes, if any."""
        match event:
            case PhaseBegan() if event.phase >= len(self.view.phases):  # a run resumed within a phase begins it again
                return self._phase_row(event)
            case EpochEnded():
                return self._epoch_row(event)
            case Warned():
                return self._row("warned", event.sentence)
            case Noted():
                return self._row("noted", event.sentence)
            case Ended(reason="early"):
                return self._row("early", event.sentence or "Stopped by itself: it no longer got better.")
            case Ended(reason="unstable"):
                return self._row("unstable", event.sentence or "The loss is no longer a number.")
        return None

    def _phase_row(self, event: PhaseBegan) -> EventRow:
        of = f" of {len(self._run.plan.phases)}" if len(self._run.plan.phases) > 1 else ""
        return self._row(
            "phase",
            f'Phase {event.phase + 1}{of}, "{event.name}", began with epoch {event.epoch}.',
            phase=event.phase,
            name=event.name,
            epoch=event.epoch,
            step=self.view.progress.step,
            stages=list(event.rates),
        )

    def _epoch_row(self, event: EpochEnded) -> EventRow:
        accuracy_text = scores_in_words(event, self._tasks)
        if event.best:
            self.view.progress = replace(self.view.progress, best=Best(event.epoch, event.step, accuracy_text))
            self._meter.progress = self.view.progress
        best = f", {event.best_in_words}" if event.best and event.epoch > 1 else ""
        return self._row(
            "epoch",
            f"Epoch {event.epoch} ended: {accuracy_text} of the validation photos right{best}.",
            epoch=event.epoch,
            phase=event.phase,
            step=event.step,
            best=event.best,
            accuracy_text=accuracy_text,
            seconds=event.seconds,
            images_per_second=event.images_per_second,
            scores={task: asdict(scores) for task, scores in event.scores.items()},
        )

    def _goes_back(self, event: Stepped | EpochEnded) -> bool:
        """Whether the engine itself went back to a checkpoint."""
        return isinstance(event, Stepped) and event.step <= self.view.progress.step

    def _rewind(self, event: Stepped | EpochEnded) -> None:
        """Cut the history back to the checkpoint that the run resumed from: later steps will be taken again."""
        last_step = event.step - 1 if isinstance(event, Stepped) else event.step  # that the checkpoint had taken
        self.flush()
        with database(self._home, write=True) as db:
            db.execute("DELETE FROM curves WHERE run_id = ? AND step > ?", (self._run.id, last_step))
            epochs = db.execute(
                "SELECT number, body FROM events WHERE run_id = ? AND kind = 'epoch'", (self._run.id,)
            ).fetchall()
            repeated = [row["number"] for row in epochs if json.loads(row["body"])["step"] >= event.step]
            db.executemany(
                "DELETE FROM events WHERE run_id = ? AND number = ?", [(self._run.id, number) for number in repeated]
            )
        for curve in self.view.curves.values():
            curve.cut(last_step + 1)
        rates = {name: curve.last for name, curve in self.view.curves.items() if name.startswith("rate/")}
        self._rates = {name.removeprefix("rate/"): last[1] for name, last in rates.items() if last}
        self.view.epochs = [row for row in self.view.epochs if row.step < event.step]
        best = next((row for row in reversed(self.view.epochs) if row.best), None)
        self._meter.progress = replace(
            self._meter.progress,
            best=Best(best.epoch, best.step, best.accuracy_text) if best else None,
            rewound=self._meter.progress.rewound + 1,
        )


def _facts_of(tasks: Sequence[Task]) -> dict[str, dict[str, Any]]:
    """What a view of the run has to know of its tasks. The key `classes` is as old as the event."""
    widths = {task.name: label_kind(task).head_width(task) for task in tasks}
    return {"classes": widths, "kinds": {task.name: task.kind for task in tasks}}


def device_in_words(device: str) -> str:
    """A device as a sentence names it."""
    kind, _, number = device.partition(":")
    words = {"cpu": "the processor", "mps": "the graphics chip", "cuda": "the graphics card"}.get(kind, device)
    return f"{words} number {int(number) + 1}" if number not in ("", "0") else words


def scores_in_words(event: EpochEnded, tasks: Sequence[Task]) -> str:
    """The epoch's score with its margin; of several tasks each, with its name: the best epoch is the best of all."""
    texts = {task.name: label_kind(task).metric.validation_in_words(event.scores[task.name]) for task in tasks}
    return ", ".join(f"{name} {text}" if len(texts) > 1 else text for name, text in texts.items())


def points_of_a_step(event: Stepped, curves: Sequence[tuple[str, str]]) -> list[Point]:
    """The metrics of a batch, without those for which no label counted, and what the plan's objectives report."""
    values = [*((curve, getattr(event, field)) for curve, field in curves), *event.reports.items()]
    return [Point(curve, event.step, value) for curve, value in values if value is not None]


def points_of_an_epoch(event: EpochEnded, tasks: Sequence[Task]) -> list[Point]:
    """The metrics of each task at the end of an epoch, and what is known of a target."""
    of_target = [Point(curve, event.step, value) for curve, value in event.target.items()]
    return of_target + [
        Point(f"{task.name}/{curve}", event.step, getattr(event.scores[task.name], field))
        for task in tasks
        for curve, field in epoch_curves(label_kind(task))
    ]
