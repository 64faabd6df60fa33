"""A run that was stopped anywhere and resumed is the run that was never stopped, bit for bit."""

import errno
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from core.errors import BadWeights, DiskFull, GraftError, NotFound
from core.job.context import Job
from core.job.events import Checkpointed, Ended, EpochEnded, Event, Stepped, Warned
from core.models.build import load_trained_model
from core.objectives import Coral, CrossEntropy, Dann, L2Sp, MinimumClassConfusion, MultiKernelMmd
from core.plans import NO_AUGMENTATION, Augmentation, Head, Optimizer, Plan
from core.training import checkpointer, checkpoints
from core.training.loop import train
from tests.fixtures.engine import CONVNEXT, SOURCE, TARGET, VIT, make_plan, phase, run_through, timeless

pytestmark = pytest.mark.slow

ALL_CHANGES = Augmentation(flip_vertical=True, rotate=20, erase=0.5)
PLANS = {
    "everything at once": make_plan(
        phase(warmup_epochs=0.5),
        augmentation=ALL_CHANGES,
        head=Head(dropout=0.3),
        tasks=("species", "health"),
        objectives=(CrossEntropy(label_smoothing=0.1, balance_classes=True),),
        optimizer=Optimizer(clip_norm=1.0),
    ),
    "sgd, head first": make_plan(
        phase(learning=0, epochs=1), phase(epochs=1, schedule="linear"), optimizer=Optimizer(kind="sgd")
    ),
    "fitted, then all": make_plan(
        phase(learning=0, solver="lbfgs"), phase(learning=1, epochs=1), augmentation=Augmentation()
    ),
    "nearest neighbours": make_plan(
        phase(learning=0, epochs=1, solver="lbfgs"), head=Head(kind="nearest_neighbors"), tasks=("species", "health")
    ),
    "photos that grow": make_plan(phase(epochs=4, start_image_size=32), image_size=64),
    "cached activations": make_plan(
        phase(learning=1, epochs=1), phase(learning=2, epochs=1), augmentation=NO_AUGMENTATION
    ),
    "cached views": make_plan(
        phase(learning=1, epochs=4), augmentation=Augmentation(cached_views=2, erase=0.5), head=Head(dropout=0.3)
    ),
    "averaged and mixed": make_plan(
        phase(), augmentation=Augmentation(mixup=0.4, cutmix=0.4), optimizer=Optimizer(kind="sgd", ema_decay=0.9)
    ),
    "convnext": make_plan(phase(CONVNEXT, learning=2), backbone=CONVNEXT),
    "adapted, all stages": make_plan(
        phase(),
        datasets=(SOURCE, TARGET),
        objectives=(CrossEntropy(), Dann(width=8), MinimumClassConfusion()),
        head=Head(dropout=0.3),
    ),
    "adapted, cached": make_plan(
        phase(learning=0, epochs=1),
        phase(learning=1, epochs=1),
        datasets=(SOURCE, TARGET),
        objectives=(CrossEntropy(), Coral(), MultiKernelMmd()),
        augmentation=NO_AUGMENTATION,
    ),
    "batch norm adapted": make_plan(
        phase(learning=2), datasets=(SOURCE, TARGET), adaptive_batch_norm=True, augmentation=NO_AUGMENTATION
    ),
    "held near its start": make_plan(
        phase(learning=1, epochs=1), phase(learning=2, epochs=1), objectives=(CrossEntropy(), L2Sp(pull=1))
    ),
    "tasks weighed by uncertainty": make_plan(
        phase(learning=0, epochs=1, solver="lbfgs"),
        phase(learning=1, epochs=1),
        tasks=("species", "health"),
        objectives=(CrossEntropy(learn_task_weights=True),),
        augmentation=Augmentation(mixup=0.5),
    ),
    "classes drawn alike": make_plan(phase(learning=1), sampling="balanced", augmentation=Augmentation(erase=0.5)),
    "stochastic depth": make_plan(phase(learning=2), drop_path=0.4),
    "soup": make_plan(
        phase(learning=1, epochs=1), phase(learning=2, epochs=3), soup=2, augmentation=Augmentation(erase=0.5)
    ),
    "vit": make_plan(phase(VIT, learning=3), backbone=VIT),
}


def weights(job: Job, which: str = "last") -> dict[str, torch.Tensor]:
    return {
        f"{file.name}/{name}": value
        for file in sorted((job.folder / which).glob("*.safetensors"))
        for name, value in load_file(file).items()
    }


def history_of(events: list[Event]) -> list[Event]:
    """Steps and epochs, each once: those after the last checkpoint are repeated by a resumed run."""
    last = {(type(e), e.step): e for e in timeless(events) if isinstance(e, Stepped | EpochEnded)}
    return [last[key] for key in sorted(last, key=lambda key: (key[1], key[0].__name__))]


def close_at(job: Job, step: int) -> list[Event]:
    """Iterate until that step is done, then close the generator, as stopping does."""
    heard, events = [], train(job)
    for event in events:
        heard.append(event)
        if isinstance(event, Stepped) and event.step >= step:
            break
    events.close()
    return heard


def assert_same(one: Job, other: Job) -> None:
    for which in ("last", "best"):
        ours, theirs = weights(one, which), weights(other, which)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("step", [2, 4, 5])
def test_closed_after_any_step_and_resumed_it_is_bit_equal(job_for: Callable[..., Job], name: str, step: int):
    plan = PLANS[name]
    unbroken, broken = job_for(plan, "unbroken"), job_for(plan, "broken")
    whole = run_through(unbroken)
    parts = close_at(broken, step) + run_through(broken)
    assert_same(unbroken, broken)
    assert history_of(whole) == history_of(parts)
    assert isinstance(parts[-1], Ended)


@pytest.mark.parametrize("name", ["cached activations", "cached views"])
@pytest.mark.parametrize("step", [6, 11])
def test_what_was_kept_may_be_gone_when_it_is_resumed(job_for: Callable[..., Job], name: str, step: int):
    unbroken, broken = job_for(PLANS[name], "unbroken"), job_for(PLANS[name], "broken")
    run_through(unbroken)
    shutil.rmtree(unbroken.home.activations)
    close_at(broken, step)
    shutil.rmtree(broken.home.activations)
    run_through(broken)
    assert_same(unbroken, broken)


@pytest.mark.parametrize("kind", [EpochEnded, Checkpointed])
def test_closed_at_an_epochs_end_it_is_bit_equal_and_its_best_is_kept(job_for: Callable[..., Job], kind: type):
    plan = PLANS["sgd, head first"]
    unbroken, broken = job_for(plan, "unbroken"), job_for(plan, "broken")
    run_through(unbroken)
    events = train(broken)
    next(e for e in events if isinstance(e, kind))
    events.close()
    assert (broken.folder / "best").exists()
    run_through(broken)
    assert_same(unbroken, broken)


def test_a_killed_run_goes_on_from_its_last_checkpoint(job_for: Callable[..., Job], tmp_path: Path):
    plan = make_plan(phase(epochs=3))
    unbroken, killed = job_for(plan, "unbroken"), job_for(plan, "killed")
    whole = run_through(unbroken)
    heard: list[Event] = []
    events = train(killed)
    saved = follow_until(events, heard, lambda event: isinstance(event, Checkpointed))
    as_it_was = tmp_path / "as it was"
    shutil.copytree(killed.folder, as_it_was)  # a kill writes nothing more; closing would
    follow_until(events, heard, lambda event: isinstance(event, Stepped) and event.step >= saved.step + 2)
    events.close()
    revived = replace(killed, folder=as_it_was)
    resumed = run_through(revived)
    assert saved.step == 4, "the first epoch had 4"
    assert next(e for e in resumed if isinstance(e, Stepped)).step == 5
    assert_same(unbroken, revived)
    assert history_of(whole) == history_of(heard + resumed)


def follow_until(events: Iterator[Event], heard: list[Event], is_last: Callable[[Event], bool]) -> Event:
    """Add events to `heard` up to the last one, which is returned."""
    for event in events:
        heard.append(event)
        if is_last(event):
            return event
    raise AssertionError("the run ended before")


def test_a_checkpoint_comes_within_an_epoch_when_time_has_passed(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checkpointer, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(checkpointer, "ThreadPoolExecutor", WritesAtOnce)
    events = run_through(job_for(make_plan(phase(epochs=1))))
    assert [e.step for e in events if isinstance(e, Checkpointed)] == [1, 2, 3, 4, 4]


class WritesAtOnce(ThreadPoolExecutor):
    """A disk that is quick: each write has ended when training goes on."""

    def submit(self, *call: Any, **named: Any) -> Future:
        written = super().submit(*call, **named)
        wait([written])
        return written


def test_a_finished_run_ends_at_once(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(epochs=1)))
    run_through(job)
    again = run_through(job)
    assert not [e for e in again if isinstance(e, Stepped | EpochEnded)]
    assert again[-1].reason == "finished"


def test_a_frozen_backbone_is_written_once(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(learning=0, epochs=1)))
    run_through(job)
    assert (job.folder / "frozen.safetensors").stat().st_size > 1e6
    assert (job.folder / "last" / "model.safetensors").stat().st_size < 1e5


def flip_a_byte(file: Path) -> None:
    """One that matters: in JSON, not the last digit of a number, which may round to the same one."""
    content = bytearray(file.read_bytes())
    at = content.index(b'"step": ') + len(b'"step": ') if file.suffix == ".json" else len(content) // 2
    content[at] ^= 1
    file.write_bytes(content)


def _trained(job_for: Callable[..., Job], epochs: int = 2) -> tuple[Job, Plan]:
    plan = make_plan(phase(VIT, epochs=epochs), backbone=VIT)
    job = job_for(plan)
    close_at(job, 6)
    return job, plan


@pytest.mark.parametrize("damage", ["model.safetensors", "training_state.safetensors", "state.json", "missing", "gone"])
def test_a_damaged_last_checkpoint_is_noticed_and_the_best_taken(job_for: Callable[..., Job], damage: str):
    job, _ = _trained(job_for)
    if damage == "missing":
        (job.folder / "last" / "model.safetensors").unlink()
    elif damage == "gone":
        (job.folder / "last" / "state.json").unlink()
    else:
        flip_a_byte(job.folder / "last" / damage)
    events = run_through(job)
    (warned,) = [e.sentence for e in events if isinstance(e, Warned)]
    assert "goes on from the best epoch so far, 1" in warned
    assert next(e for e in events if isinstance(e, Stepped)).step == 5


def test_nothing_whole_left_is_one_clear_sentence(job_for: Callable[..., Job]):
    job, _ = _trained(job_for)
    for which in ("last", "best"):
        flip_a_byte(job.folder / which / "model.safetensors")
    with pytest.raises(GraftError, match="model.safetensors has changed on the disk. Start a new run"):
        run_through(job)


def test_a_crash_between_the_two_renames_of_a_checkpoint_loses_nothing(job_for: Callable[..., Job]):
    job, _ = _trained(job_for)
    (job.folder / "last").rename(job.folder / "last.old")
    assert next(e for e in run_through(job) if isinstance(e, Stepped)).step == 7


def test_a_damaged_frozen_part_is_written_again(job_for: Callable[..., Job]):
    plan = make_plan(phase(VIT, learning=1), backbone=VIT)
    job = job_for(plan)
    close_at(job, 6)
    flip_a_byte(job.folder / "frozen.safetensors")
    run_through(job)
    load_trained_model(job.home, plan, job.dataset.tasks, job.folder)


def test_checkpoints_of_another_plan_are_refused(job_for: Callable[..., Job]):
    job, plan = _trained(job_for)
    with pytest.raises(GraftError, match="belong to another plan"):
        run_through(replace(job, plan=plan.model_copy(update={"seed": 5})))


class Disk:
    """full: every file that safetensors writes ends as it does on a full disk."""

    full = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk, really = Disk(), checkpoints.save_file

    def save_file(tensors: dict[str, torch.Tensor], path: Path) -> None:
        really(tensors, path)
        if disk.full:
            sentence = "Error while serializing: I/O error: No space left on device (os error 28)"
            raise SafetensorError(sentence)

    monkeypatch.setattr(checkpoints, "save_file", save_file)
    return disk


def test_a_full_disk_is_one_sentence_and_the_last_good_checkpoint_stays(job_for: Callable[..., Job], disk: Disk):
    plan = make_plan(phase(VIT), backbone=VIT)
    unbroken, short = job_for(plan, "unbroken"), job_for(plan, "short")
    run_through(unbroken)
    with pytest.raises(DiskFull, match="nothing that was there before is lost"):
        for event in train(short):
            disk.full = disk.full or isinstance(event, Checkpointed)  # that of the first epoch
    assert not list(short.folder.glob(".*"))
    disk.full = False
    resumed = run_through(short)
    assert next(e for e in resumed if isinstance(e, Stepped)).step == 5
    assert_same(unbroken, short)


def test_a_disk_without_room_for_the_first_checkpoint_is_told(
    job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(DiskFull):
        run_through(job_for(make_plan()))


def test_the_kept_model_needs_neither_weights_nor_photos(job_for: Callable[..., Job]):
    job, plan = _trained(job_for)
    model = load_trained_model(job.home, plan, job.dataset.tasks, job.folder)
    assert not model.training
    assert set(model(torch.zeros(1, 3, 32, 32))) == {"species"}


def test_a_run_without_an_epoch_has_no_model(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(VIT), backbone=VIT))
    close_at(job, 2)
    with pytest.raises(NotFound, match="has no model yet"):
        load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)


def test_a_damaged_model_is_refused(job_for: Callable[..., Job]):
    job, plan = _trained(job_for)
    flip_a_byte(job.folder / "best" / "model.safetensors")
    with pytest.raises(BadWeights, match="damaged"):
        load_trained_model(job.home, plan, job.dataset.tasks, job.folder)
