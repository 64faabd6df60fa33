"""Runs without an engine: rows in the database, and a train that only says what it would do."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.evaluation import EpochScores
from core.home import Home, database
from core.plans import BackboneChoice, DatasetChoice, Phase, Plan
from core.runs import Run, get_run
from core.runs.lease import this_process
from core.training.events import Checkpointed, Ended, EpochEnded, Event, PhaseBegan, Stepped

STEPS_PER_EPOCH = 5
_numbers = itertools.count()


def a_plan(epochs: int = 4, device: str = "cpu", **changes: object) -> Plan:
    """Two phases when there are epochs for it: the head alone, then the last stage with it."""
    head = Phase(name="head", epochs=1, stage_rates=(0, 0), head_rate=1e-3)
    top = Phase(name="top", epochs=max(1, epochs - 1), stage_rates=(0, 1e-4), head_rate=1e-3)
    fields = {
        "datasets": (DatasetChoice(id="d1", version=1),),
        "tasks": ("label",),
        "backbone": BackboneChoice(name="graft-resnet10t"),
        "phases": (head, top) if epochs > 1 else (head,),
        "batch_size": 8,
        "device": device,
    }
    return Plan(**{**fields, **changes})


@pytest.fixture
def put_run(home: Home) -> Callable[..., Run]:
    return put_run_in(home)


def put_run_in(home: Home) -> Callable[..., Run]:
    """put_run("first", state="running", owner=..., until=...): a row as a process would have left it."""

    def put(name: str, state: str = "queued", owner: str | None = None, until: float = 0, device: str = "cpu") -> Run:
        number = next(_numbers)
        run_id, plan = f"run{number:05}", a_plan(device=device)
        with database(home, write=True) as db:
            db.execute("INSERT OR IGNORE INTO datasets VALUES ('d1', 'clothes', 0, 0)")
            db.execute(
                "INSERT INTO runs (id, name, state, created, plan, plan_hash, dataset_id, device, lease_owner, "
                "lease_until) VALUES (?, ?, ?, ?, ?, ?, 'd1', ?, ?, ?)",
                (
                    run_id,
                    name,
                    state,
                    1_000.0 + number,
                    plan.model_dump_json(),
                    plan.hash,
                    device,
                    this_process() if owner is None else owner,
                    until,
                ),
            )
        (home.runs / run_id).mkdir()
        return get_run(home, run_id)

    return put


def scores(loss: float, accuracy: float = 0.5) -> EpochScores:
    return EpochScores(loss, 0.01, accuracy, 100, loss - 0.1, 0.01, accuracy, 100, 0.1, 0.02, 0.0, 0.0)


class FakeEngine:
    """Says the events of a plan, checkpoints at each epoch's end and when it is closed, resumes from there.

    before: called with each step's number before it is taken; may wait, or raise what an engine might.
    """

    def __init__(self) -> None:
        self.before: Callable[[int], None] = lambda step: None
        self.closed_at: int | None = None
        self.started: list[str] = []

    def train(self, job: SimpleNamespace) -> Iterator[Event]:
        self.started.append(job.folder.name)
        saved = job.folder / "last" / "step"
        self.done, step = map(int, saved.read_text().split()) if saved.exists() else (0, 0)
        try:
            for epoch in range(self.done + 1, job.plan.epochs + 1):
                phase = 0 if epoch <= job.plan.phases[0].epochs else 1
                if epoch <= 2 and step == (epoch - 1) * STEPS_PER_EPOCH:
                    yield PhaseBegan(phase, job.plan.phases[phase].name, epoch, 1, {"stem": 0.0, "head": 1e-3})
                while step < epoch * STEPS_PER_EPOCH:
                    self.before(step + 1)
                    step += 1
                    rates = {"stem": 0.0, "head": 1e-3 / step}
                    yield Stepped(step, epoch, phase, 8 * step, 1 / step, 0.5, rates)
                (job.folder / "best").mkdir(exist_ok=True)
                self.done = epoch
                yield EpochEnded(epoch, phase, step, {"label": scores(1 / epoch)}, 100.0, 0.1, best=True)
                self._save(saved, step)
                yield Checkpointed(epoch, step)
            yield Ended("finished", job.plan.epochs, step)
        except GeneratorExit:
            self.closed_at = step
            self._save(saved, step)
            raise

    def _save(self, saved: Path, step: int) -> None:
        saved.parent.mkdir(exist_ok=True)
        saved.write_text(f"{self.done} {step}")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Takes the place of training, of the dataset's table and of the scoring at the end."""
    fake = FakeEngine()
    task = SimpleNamespace(name="label", classes=("a", "b"))
    dataset = SimpleNamespace(
        tasks=(task,),
        task=lambda name: task,
        indices=lambda split: np.arange(40 if split == "train" else 100),
        labels=lambda task: np.zeros(100),
    )
    monkeypatch.setattr("core.runs.carrying.train", fake.train)
    monkeypatch.setattr("core.runs.carrying._foretold", lambda home, run, photos: None)
    monkeypatch.setattr("core.runs.carrying.load_dataset", lambda home, name, version: dataset)
    monkeypatch.setattr(
        "core.runs.carrying.score_best",
        lambda job, progress: (job.folder / "results.json").write_text("{}"),
    )
    return fake


class Gate:
    """Lets an engine's step pass only once the test says so."""

    def __init__(self, at_step: int) -> None:
        self.at_step, self.reached, self.opened = at_step, threading.Event(), threading.Event()

    def __call__(self, step: int) -> None:
        if step == self.at_step:
            self.reached.set()
            assert self.opened.wait(20)
