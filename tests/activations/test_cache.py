"""Training on kept activations is training: the same weights and scores, in less time; and what is kept is shared."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.activations import split_backbone
from core.activations.cache import cached_stages
from core.activations.cache_files import ActivationFiles
from core.backbones.cut import cut
from core.errors import DiskFull
from core.home import Home
from core.job.context import Job
from core.job.events import EpochEnded, Prepared, Stepped, Warned
from core.models.build import create_model, load_trained_model
from core.plans import NO_AUGMENTATION, Augmentation, Head, Optimizer, Plan
from core.training import setup
from tests.fixtures.engine import CONVNEXT, RESNET, SPECIES, VIT, make_plan, phase, run_through

EFFICIENTNET = "test_efficientnet.r160_in1k"
Seen = list[int]


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on there is no room for activations, neither on the disk nor in memory."""

    def close() -> None:
        monkeypatch.setattr("core.activations.cache.fits_budget", lambda home, wanted: False)
        monkeypatch.setattr("core.activations.cache.memory_budget", lambda device: 0)

    return close


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """How many photos the stem of the network looked at, batch by batch; without what folding tries."""
    monkeypatch.setattr("core.backbones.conv_bn_fusion.fuse_conv_bn", lambda prefix, images: prefix)
    batches: Seen = []

    def watched(*arguments: object) -> nn.Module:
        model = create_model(*arguments)  # type: ignore[arg-type]
        model.backbone.get_submodule("conv1").register_forward_hook(lambda _, given, out: batches.append(len(out)))
        return model

    monkeypatch.setattr(setup, "create_model", watched)
    return batches


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> int:
    for module in ("cache_files", "cache"):
        monkeypatch.setattr(f"core.activations.{module}.BLOCK_SIZE", 8)
    return 8


def only_head(**changes: object) -> Plan:
    return make_plan(phase(learning=0, epochs=2), **{"augmentation": NO_AUGMENTATION, **changes})


def kept_folders(home: Home) -> list[Path]:
    return sorted(home.activations.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", [NO_AUGMENTATION, Augmentation()], ids=["same photos", "changed photos"])
@pytest.mark.parametrize("backbone", [RESNET, CONVNEXT, VIT, EFFICIENTNET])
def test_the_result_is_the_same_with_and_without(
    job_for: Callable[..., Job], nothing_kept: Callable[[], None], backbone: str, augmentation: Augmentation
):
    phases = phase(backbone, learning=0, epochs=1), phase(backbone, learning=2, epochs=1)
    # Not Adam: a gradient that is zero but for rounding (a bias before a batch norm) becomes a step of full size in it.
    sgd = Optimizer(kind="sgd")
    plan = make_plan(*phases, backbone=backbone, augmentation=augmentation, optimizer=sgd)
    assert_same_result(job_for, plan, nothing_kept)


def test_the_result_is_the_same_when_changed_views_were_kept_and_when_they_are_computed_again(
    job_for: Callable[..., Job], nothing_kept: Callable[[], None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.activations.feature_pipeline.has_room_for_views", lambda context, backbone: True)
    changes = Augmentation(cached_views=3, erase=0.5)
    plan = make_plan(phase(learning=1, epochs=6), augmentation=changes)
    assert_same_result(job_for, plan, nothing_kept)


def assert_same_result(job_for: Callable[..., Job], plan: Plan, nothing_kept: Callable[[], None]) -> None:
    kept, again = job_for(plan, "kept"), job_for(plan, "again")
    with_kept = run_through(kept)
    nothing_kept()
    without = run_through(again)
    for one, other in zip(_losses(with_kept), _losses(without), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    ours, theirs = (
        load_trained_model(job.home, plan, job.dataset.tasks, job.folder, "last").state_dict() for job in (kept, again)
    )
    for name, value in ours.items():
        torch.testing.assert_close(
            value, theirs[name], rtol=1e-3, atol=1e-5, msg=lambda said, name=name: f"{name}: {said}"
        )


def _losses(events: list) -> list[float]:
    steps = [e.loss for e in events if isinstance(e, Stepped)]
    return steps + [e.scores["species"].validation_loss for e in events if isinstance(e, EpochEnded)]


@pytest.mark.parametrize("learning", [0, 1])
def test_the_frozen_part_sees_every_photo_once(job_for: Callable[..., Job], learning: int, seen: Seen):
    job = job_for(make_plan(phase(learning=learning, epochs=5), augmentation=NO_AUGMENTATION))
    run_through(job)
    photos = len(job.dataset)
    assert sum(seen) in range(photos, photos + 6)  # tracing the network for the cut takes a few made-up photos


def test_with_a_new_view_in_each_epoch_photos_are_kept_only_to_judge_by(job_for: Callable[..., Job], seen: Seen):
    job = job_for(make_plan(phase(learning=0, epochs=6), augmentation=Augmentation(cached_views=0)))
    run_through(job)
    training, validation = len(job.dataset.indices("train")), len(job.dataset.indices("validation"))
    assert sum(seen) == 6 * training + 2 * validation
    assert job.dataset.task("species") == SPECIES


def test_augmented_photos_are_computed_once_per_view(job_for: Callable[..., Job], seen: Seen):
    job = job_for(make_plan(phase(learning=0, epochs=10), augmentation=Augmentation(cached_views=3)))
    run_through(job)
    training, validation = len(job.dataset.indices("train")), len(job.dataset.indices("validation"))
    assert sum(seen) == 3 * training + 2 * validation


def test_the_first_epochs_learn_from_the_same_views_as_without_keeping(job_for: Callable[..., Job]):
    def losses(cached_views: int) -> list[float]:
        changes = Augmentation(cached_views=cached_views)
        job = job_for(make_plan(phase(learning=0, epochs=8), augmentation=changes), f"views{cached_views}")
        return [e.loss for e in run_through(job) if isinstance(e, Stepped)]

    kept, new = losses(4), losses(0)
    assert kept[:16] == pytest.approx(new[:16], rel=1e-4)  # four epochs of four steps
    assert kept[16:] != pytest.approx(new[16:], rel=1e-4)


def test_a_later_run_computes_no_activation_again(job_for: Callable[..., Job], seen: Seen):
    first = run_through(job_for(only_head(), "first"))
    seen.clear()
    later = run_through(job_for(only_head(), "later"))
    assert sum(seen) == 0
    assert _losses(first) == _losses(later)


def test_another_head_and_other_rates_share_what_was_kept(job_for: Callable[..., Job], seen: Seen):
    run_through(job_for(only_head(), "first"))
    seen.clear()
    run_through(job_for(only_head(head=Head(dropout=0.2), batch_size=4), "later"))
    assert sum(seen) == 0


@pytest.mark.parametrize(
    "other",
    [
        only_head(seed=1),  # other random weights
        only_head(image_size=48),
        make_plan(phase(learning=1, epochs=2), augmentation=NO_AUGMENTATION),
    ],
    ids=["weights", "size", "cut"],
)
def test_nothing_is_taken_for_what_it_is_not(job_for: Callable[..., Job], home: Home, other: Plan):
    run_through(job_for(only_head(), "first"))
    run_through(job_for(other, "other"))
    assert len(kept_folders(home)) == 2


def test_a_later_plan_knows_what_is_cached_until_it_is_gone(job_for: Callable[..., Job], home: Home):
    plan, device = only_head(), torch.device("cpu")
    learns = plan.phases[0].first_trainable_stage
    assert cached_stages(home, plan, device) == frozenset()
    run_through(job_for(plan, "first"))
    quicker = plan.model_copy(update={"batch_size": 4})
    assert cached_stages(home, quicker, device) == {learns}
    for other in ({"image_size": 64}, {"phases": (phase(learning=1),)}, {"augmentation": Augmentation()}):
        assert cached_stages(home, plan.model_copy(update=other), device) == frozenset()
    [folder] = kept_folders(home)
    shutil.rmtree(folder)
    assert cached_stages(home, plan, device) == frozenset()


def test_changed_views_belong_to_their_seed_and_their_changes(job_for: Callable[..., Job], home: Home):
    for number, changes in enumerate([Augmentation(cached_views=2), Augmentation(cached_views=2, rotate=10.0)]):
        plan = make_plan(phase(learning=0, epochs=3), augmentation=changes)
        run_through(job_for(plan, f"run{number}"))
    assert len(kept_folders(home)) == 1 + 2 + 2  # photos as they are, and two views of each kind


def test_a_damaged_block_is_noticed_and_computed_again(
    job_for: Callable[..., Job], home: Home, seen: Seen, small_blocks: int
):
    first = run_through(job_for(only_head(), "first"))
    [folder] = kept_folders(home)
    with (folder / "0.npy").open("r+b") as file:
        file.seek(-5, 2)
        file.write(b"\xff\xff\x7f\x7f")
    seen.clear()
    again = run_through(job_for(only_head(), "again"))
    assert 0 < sum(seen) <= small_blocks
    assert _losses(again) == _losses(first)


def test_what_a_crash_left_half_written_is_completed(
    job_for: Callable[..., Job], home: Home, seen: Seen, small_blocks: int
):
    def crash(self: ActivationFiles, block: int, values: object, write: Callable = ActivationFiles.write) -> None:
        if block == 2:
            raise KeyboardInterrupt
        write(self, block, values)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ActivationFiles, "write", crash)
        run_through(job_for(only_head(), "crashed"))
    seen.clear()
    run_through(job_for(only_head(), "again"))
    photos = 26 + 9
    assert sum(seen) == photos - 2 * small_blocks


@pytest.mark.parametrize("file", ["facts.json", "checksums", "0.npy"])
def test_a_file_full_of_nonsense_is_made_anew(job_for: Callable[..., Job], home: Home, file: str):
    first = run_through(job_for(only_head(), "first"))
    [folder] = kept_folders(home)
    (folder / file).write_bytes(b"nonsense")
    again = run_through(job_for(only_head(), "again"))
    assert _losses(again) == _losses(first)


def test_a_full_disk_moves_it_into_memory(job_for: Callable[..., Job], seen: Seen, monkeypatch: pytest.MonkeyPatch):
    def full(self: ActivationFiles, block: int, values: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(ActivationFiles, "write", full)
    job = job_for(only_head())
    events = run_through(job)
    assert any(isinstance(e, EpochEnded) for e in events)
    assert sum(seen) == 2 * len(job.dataset)  # once for the disk, once more for memory; not in each epoch


def test_those_used_longest_ago_leave_first(job_for: Callable[..., Job], home: Home, monkeypatch: pytest.MonkeyPatch):
    run_through(job_for(only_head(), "old"))
    [old] = kept_folders(home)
    size = sum(file.stat().st_size for file in old.iterdir())
    monkeypatch.setattr("core.activations.cache_files.cache_budget", lambda folder: 1.5 * size)
    run_through(job_for(only_head(seed=1), "new"))
    [new] = kept_folders(home)
    assert new != old


def test_progress_never_runs_backwards(job_for: Callable[..., Job], home: Home, small_blocks: int):
    run_through(job_for(only_head(), "first"))
    [folder] = kept_folders(home)
    np.zeros(2, np.uint64).tofile(folder / "checksums")
    reported = [e for e in run_through(job_for(only_head(), "again")) if isinstance(e, Prepared) and e.kind == "cache"]
    assert [e.done for e in reported] == sorted(e.done for e in reported)
    assert reported[-1].done == reported[-1].total


def test_a_network_that_cannot_be_cut_there_says_so(job_for: Callable[..., Job], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(split_backbone, "cut", lambda model, stage, size: cut(model, stage - 1, size))
    events = run_through(job_for(make_plan(phase(learning=1, epochs=1), augmentation=NO_AUGMENTATION)))
    [said] = [e.sentence for e in events if isinstance(e, Warned)]
    assert said.startswith("This network cannot be cut before stage 4: what comes before stage 3 is computed once")
