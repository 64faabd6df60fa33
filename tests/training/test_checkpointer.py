"""Checkpoints are written while training goes on, as often as that costs little; nothing is left in memory."""

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.errors import DiskFull
from core.home import write_whole
from core.job import Checkpointed, Ended, EpochEnded, Event, Job, Stepped
from core.models import load_trained_model, read_facts
from core.plans import NO_AUGMENTATION, Optimizer
from core.training import checkpointer, checkpoints
from core.training.checkpoints import Snapshot, on_host, take_snapshot
from core.training.loop import train
from tests.fixtures.engine import VIT, make_plan, phase, run_through, state_of

PLAN = make_plan(phase(VIT, epochs=4), backbone=VIT)


class Disk:
    """is_free: unless set, whoever writes waits. written: names of checkpoints, in their order."""

    def __init__(self) -> None:
        self.is_free, self.written = threading.Event(), list[str]()
        self.is_free.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk, write = Disk(), checkpoints.write_checkpoint

    def write_when_free(snapshot: Snapshot, folder: Path) -> None:
        assert disk.is_free.wait(60)
        write(snapshot, folder)
        disk.written.append(folder.name)

    monkeypatch.setattr(checkpointer, "write_checkpoint", write_when_free)
    yield disk
    disk.is_free.set()


@pytest.fixture
def only_free_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first epoch no checkpoint is cheap enough for the end of an epoch."""
    monkeypatch.setattr(checkpointer, "COST_SHARE", 0.0)


def test_training_goes_on_while_a_checkpoint_is_written(job_for: Callable[..., Job], disk: Disk):
    disk.is_free.clear()
    heard: list[Event] = []
    for event in train(job_for(PLAN)):
        heard.append(event)
        if isinstance(event, Stepped) and event.step == 10:  # in the third epoch
            assert not any(isinstance(each, Checkpointed) for each in heard)
            disk.is_free.set()
    saved = [event for event in heard if isinstance(event, Checkpointed)]
    assert (saved[0].epoch, saved[0].step) == (1, 4)
    assert (saved[-1].epoch, saved[-1].step) == (4, 16)
    assert isinstance(heard[-1], Ended)
    assert heard[-2] is saved[-1], "it ends when all is on the disk"


def test_closing_waits_for_the_disk(job_for: Callable[..., Job], disk: Disk):
    job = job_for(PLAN)
    events = train(job)
    disk.is_free.clear()
    next(event for event in events if isinstance(event, Stepped) and event.step == 6)
    closing = threading.Thread(target=events.close)
    closing.start()
    assert not (job.folder / "last").exists()
    disk.is_free.set()
    closing.join()
    assert read_facts(job.folder / "last")["position"]["step"] == 6
    assert read_facts(job.folder / "best")["position"]["step"] == 4


@pytest.mark.usefixtures("only_free_checkpoints")
def test_the_best_epoch_is_kept_in_memory_until_a_checkpoint_is_written(job_for: Callable[..., Job], disk: Disk):
    job = job_for(make_plan(phase(epochs=6), augmentation=NO_AUGMENTATION))
    epochs, saved = [], []
    for event in train(job):
        epochs += [event] if isinstance(event, EpochEnded) else []
        saved += [event] if isinstance(event, Checkpointed) else []
    best = max(event.epoch for event in epochs if event.best)
    assert best > 1
    assert [event.epoch for event in saved] == [1, 6]
    assert disk.written == ["best", "best"] if best == 6 else ["best", "best", "last"]
    assert read_facts(job.folder / "best")["position"]["epoch"] == best


@pytest.mark.usefixtures("only_free_checkpoints")
def test_a_run_that_fails_leaves_the_best_epoch_that_was_in_memory(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(epochs=6), augmentation=NO_AUGMENTATION))
    best = 0
    events = train(job)
    for event in events:
        best = event.epoch if isinstance(event, EpochEnded) and event.best else best
        if best > 1 and isinstance(event, Stepped):
            break
    with pytest.raises(ZeroDivisionError):
        events.throw(ZeroDivisionError)
    assert read_facts(job.folder / "best")["position"]["epoch"] == best


@pytest.mark.usefixtures("only_free_checkpoints")
def test_a_loss_that_is_no_number_leaves_the_best_epoch_that_was_in_memory(job_for: Callable[..., Job]):
    calm, wild = phase(epochs=4), phase(rate=10.0, head_rate=10.0, epochs=30, schedule="constant")
    plan = make_plan(calm, wild, optimizer=Optimizer(kind="sgd", momentum=0.99), augmentation=NO_AUGMENTATION)
    job = job_for(plan)
    events = run_through(job)
    assert events[-1].reason == "unstable"
    best = max(event.epoch for event in events if isinstance(event, EpochEnded) and event.best)
    assert read_facts(job.folder / "best")["position"]["epoch"] == best
    load_trained_model(job.home, plan, job.dataset.tasks, job.folder)


def test_an_error_of_the_writer_ends_the_run(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(checkpointer, "write_checkpoint", full)
    with pytest.raises(DiskFull):
        run_through(job_for(PLAN))


def test_a_snapshot_does_not_change_with_training(job_for: Callable[..., Job]):
    job = job_for(PLAN)
    next(event for event in train(job) if isinstance(event, Checkpointed))
    state = state_of(job)
    snapshot = take_snapshot(state, list(state.model.state_dict()), job.plan.hash)
    before = {name: value.clone() for name, value in (snapshot.model | snapshot.training).items()}
    position = snapshot.step
    with torch.no_grad():
        for value in state.model.state_dict().values():
            value.add_(1)
        for moments in state.optimizer.state.values():
            for value in moments.values():
                value.add_(1)
    state.position.advance(8, 0.1)
    after = snapshot.model | snapshot.training
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert snapshot.step == position


def test_a_snapshot_on_a_gpu_is_copied_to_the_host_on_a_stream_of_its_own(monkeypatch: pytest.MonkeyPatch):
    done: list[str] = []

    class FakeStream:
        def __init__(self, device: torch.device) -> None:
            done.append(f"stream on {device}")

        def synchronize(self) -> None:
            done.append("synchronize")

    class FakeEvent:
        device = "cuda:0"

        def wait(self, stream: FakeStream) -> None:
            done.append("wait for the copies")

    def to_host(value: torch.Tensor) -> torch.Tensor:
        done.append("copy")
        return value.clone()

    monkeypatch.setattr(torch.cuda, "Stream", FakeStream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(checkpoints, "_pinned", to_host)
    snapshot = Snapshot({"weight": torch.ones(2)}, {"moment": torch.zeros(2)}, {}, FakeEvent())  # type: ignore[arg-type]
    found = on_host(snapshot)
    assert done == ["stream on cuda:0", "wait for the copies", "copy", "copy", "synchronize"]
    assert torch.equal(found.model["weight"], torch.ones(2))
    assert found.copied is None


def test_a_checkpoint_of_best_and_last_at_once_has_files_of_their_own(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(VIT, epochs=1), backbone=VIT))
    run_through(job)
    last, best = (job.folder / which / "model.safetensors" for which in ("last", "best"))
    assert last.stat().st_ino != best.stat().st_ino
    whole = load_file(best)
    write_whole(last, b"damaged")
    assert all(torch.equal(value, whole[name]) for name, value in load_file(best).items())
