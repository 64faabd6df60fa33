"""Training on kept activations is training: the same weights and scores, in less time."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
import torch

from core.plans import NO_AUGMENTATION, Augmentation
from core.training import EpochEnded, Job, Stepped, load_trained
from core.training.building import new_model
from core.training.model import TrainedModel
from tests.training.conftest import CONVNEXT, RESNET, SPECIES, VIT, make_plan, phase, run_through


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr("core.training.photo_path.memory_budget", lambda device: 0)


@pytest.mark.parametrize("augmentation", [NO_AUGMENTATION, Augmentation()], ids=["same photos", "changed photos"])
@pytest.mark.parametrize("backbone", [RESNET, CONVNEXT, VIT])
def test_the_result_is_the_same_with_and_without(
    job_for: Callable[..., Job], no_memory: Callable[[], None], backbone: str, augmentation: Augmentation
):
    phases = phase(backbone, learning=0, epochs=1), phase(backbone, learning=2, epochs=1)
    plan = make_plan(*phases, backbone=backbone, augmentation=augmentation)
    kept, again = job_for(plan, "kept"), job_for(plan, "again")
    with_kept = run_through(kept)
    no_memory()
    without = run_through(again)
    for one, other in zip(_losses(with_kept), _losses(without), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    mine, theirs = (
        load_trained(job.home, plan, job.dataset.tasks, job.folder, "last").state_dict() for job in (kept, again)
    )
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-3, atol=1e-5)


def _losses(events: list) -> list[float]:
    steps = [e.loss for e in events if isinstance(e, Stepped)]
    return steps + [e.scores["species"].validation_loss for e in events if isinstance(e, EpochEnded)]


@pytest.mark.parametrize("learning", [0, 1])
def test_the_frozen_part_sees_every_photo_once(job_for: Callable[..., Job], learning: int):
    plan = make_plan(phase(learning=learning, epochs=5), augmentation=NO_AUGMENTATION)
    job, seen = job_for(plan), []

    def watched(*arguments: object) -> TrainedModel:
        model = new_model(*arguments)  # type: ignore[arg-type]
        model.backbone.get_submodule("conv1").register_forward_hook(lambda _, given, out: seen.append(len(out)))
        return model

    with patch("core.training.preparing.new_model", watched):
        run_through(job)
    photos = len(job.dataset)
    assert sum(seen) in range(photos, photos + 6)  # tracing the network for the cut takes a few made-up photos


def test_changed_photos_are_kept_only_to_judge_by(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=0, epochs=3), augmentation=Augmentation())
    job, seen = job_for(plan), []

    def watched(*arguments: object) -> TrainedModel:
        model = new_model(*arguments)  # type: ignore[arg-type]
        model.backbone.get_submodule("conv1").register_forward_hook(lambda _, given, out: seen.append(len(out)))
        return model

    with patch("core.training.preparing.new_model", watched):
        run_through(job)
    training, validation = len(job.dataset.indices("train")), len(job.dataset.indices("validation"))
    assert sum(seen) == 3 * training + 2 * validation
    assert job.dataset.task("species") == SPECIES
