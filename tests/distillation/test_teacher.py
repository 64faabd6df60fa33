"""A run with a teacher: what it is shown, that it is asked once, and that nothing of it stays in the model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch.nn import functional

from core.datasets import Dataset, Task
from core.distillation.teacher import CachedTeacher
from core.errors import NotFound
from core.job.context import Job
from core.job.events import EpochEnded, Prepared, Stepped
from core.models.build import load_trained_model
from core.objectives import CrossEntropy, FeatureDistillation, LogitDistillation
from core.plans import NO_AUGMENTATION, Augmentation, BackboneChoice, Plan, Teacher
from core.tasks import MISSING
from tests.fixtures.engine import RESNET, make_plan, phase, run_through, state_of
from tests.training.test_resume import assert_same, close_at

pytestmark = pytest.mark.slow

CLASSES = 5
BOTH = (CrossEntropy(), LogitDistillation(), FeatureDistillation(weight=2.0))


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    """A network that tells five things apart, at twice the size."""
    torch.manual_seed(1)
    network = timm.create_model(RESNET.split(".")[0], num_classes=CLASSES)
    save_file(network.state_dict(), tmp_path / "teacher.safetensors")
    choice = BackboneChoice(name=RESNET, weights="file", file=str(tmp_path / "teacher.safetensors"))
    return Teacher(backbone=choice, image_size=64, views=2)


def distilled(teacher: Teacher, *phases: object, **changes: object) -> Plan:
    return make_plan(*phases, **{"teacher": teacher, "objectives": BOTH, **changes})


def test_the_teacher_says_what_its_network_says_of_the_enlarged_photo(job_for: Callable[..., Job], teacher: Teacher):
    job = job_for(distilled(teacher, augmentation=NO_AUGMENTATION))
    asked, rows = state_of(job).auxiliary["distillation"].teacher, np.array([3, 11])
    features, answers = asked.outputs(rows, np.zeros(2, int))
    side = asked.context.source.store.side
    at = (side - 32) // 2
    photos = asked.context.source.store.read(rows)[..., at : at + 32, at : at + 32].float()
    shown = functional.interpolate(photos, (64, 64), mode="bicubic", antialias=True).clamp(0, 255)
    mean, std = (255 * torch.tensor(each).view(1, 3, 1, 1) for each in (asked.model.card.mean, asked.model.card.std))
    network = timm.create_model(RESNET.split(".")[0], num_classes=CLASSES).eval()
    network.load_state_dict(load_file(teacher.backbone.file))
    with torch.no_grad():
        expected = network((shown - mean) / std)
    assert answers.shape == (2, CLASSES)
    assert features.shape == (2, network.num_features)
    assert answers.float().numpy() == pytest.approx(expected.numpy(), abs=2e-2)


def test_each_view_is_predicted_once_and_another_run_finds_it(
    job_for: Callable[..., Job], teacher: Teacher, monkeypatch: pytest.MonkeyPatch
):
    looked, really = [], CachedTeacher.compute_outputs
    monkeypatch.setattr(
        CachedTeacher,
        "compute_outputs",
        lambda self, rows, views: (looked.append(len(rows)), really(self, rows, views))[1],
    )
    plan = distilled(teacher, phase(epochs=4))
    events = run_through(job_for(plan, "one"))
    assert sum(looked) == 2 * 26
    assert [e.done for e in events if isinstance(e, Prepared) and e.kind == "teacher"][-1] == 26
    run_through(job_for(plan, "another"))
    assert sum(looked) == 2 * 26


@pytest.mark.parametrize(
    ("changes", "new"),
    [({"trivial_augment": 1.0}, True), ({"colour": 0.9}, True), ({"erase": 1.0}, False), ({"mixup": 1.0}, False)],
)
def test_a_change_that_the_teacher_sees_is_looked_at_anew(
    changes: dict[str, float], new: bool, job_for: Callable[..., Job], teacher: Teacher
):
    run_through(job_for(distilled(teacher, phase(epochs=1)), "one"))
    events = run_through(job_for(distilled(teacher, phase(epochs=1), augmentation=Augmentation(**changes)), "another"))
    asked = [e for e in events if isinstance(e, Prepared) and e.kind == "teacher"]
    assert bool(asked) == new


def test_without_room_the_teacher_is_asked_at_every_step_and_says_the_same(
    job_for: Callable[..., Job], teacher: Teacher, monkeypatch: pytest.MonkeyPatch
):
    plan = distilled(teacher, phase(epochs=1))
    with_room = [e.loss for e in run_through(job_for(plan, "room")) if isinstance(e, Stepped)]
    monkeypatch.setattr("core.activations.cache.fits_budget", lambda *_: False)
    monkeypatch.setattr("core.activations.cache.memory_budget", lambda *_: 0)
    without = [e.loss for e in run_through(job_for(plan, "none")) if isinstance(e, Stepped)]
    assert without == pytest.approx(with_room, rel=1e-3)


def test_the_student_comes_to_answer_like_its_teacher(job_for: Callable[..., Job], teacher: Teacher):
    only = (LogitDistillation(), FeatureDistillation())
    plan = distilled(teacher, phase(epochs=12, rate=3e-3), objectives=only, augmentation=NO_AUGMENTATION)
    losses = [e.loss for e in run_through(job_for(plan)) if isinstance(e, Stepped)]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:4])


def test_nothing_of_the_teacher_stays_in_the_model(job_for: Callable[..., Job], teacher: Teacher):
    job = job_for(distilled(teacher, phase(epochs=1)))
    run_through(job)
    assert not [name for name in load_file(job.folder / "best" / "model.safetensors") if "guide" in name]
    Path(teacher.backbone.file).unlink()
    assert load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)


@pytest.mark.parametrize("step", [2, 4, 5])
def test_stopped_and_resumed_it_is_bit_equal(job_for: Callable[..., Job], teacher: Teacher, step: int):
    plan = distilled(teacher, augmentation=Augmentation(cutmix=0.5))
    unbroken, broken = job_for(plan, "unbroken"), job_for(plan, "broken")
    run_through(unbroken)
    close_at(broken, step)
    run_through(broken)
    assert_same(unbroken, broken)


def test_a_frozen_part_and_a_teacher_keep_the_same_views(job_for: Callable[..., Job], teacher: Teacher):
    events = run_through(job_for(distilled(teacher, phase(learning=1, epochs=4))))
    passes = {e.kind for e in events if isinstance(e, Prepared) and e.kind in ("cache", "cache_view")}
    assert len(passes) == 2  # at photos as they are, and at changed ones
    assert len([e for e in events if isinstance(e, EpochEnded)]) == 4


def test_a_teacher_and_the_runs_that_use_it_go_together(teacher: Teacher):
    with pytest.raises(ValidationError, match="exactly when an objective looks at it"):
        make_plan(teacher=teacher)
    with pytest.raises(ValidationError, match="exactly when an objective looks at it"):
        make_plan(objectives=BOTH)


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ({"backbone": BackboneChoice(name=RESNET, weights="random")}, "nothing to teach"),
        ({}, "either a backbone or a run"),
        ({"backbone": BackboneChoice(name=RESNET), "run": "ab12"}, "either a backbone or a run"),
        ({"run": "ab12", "image_size": 64}, "leave image_size out"),
        ({"run": "../../etc"}, "run"),
    ],
)
def test_a_teacher_is_one_that_has_learned(says: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        Teacher(**says)


@pytest.fixture
def distilled_run(job_for: Callable[..., Job], dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> Teacher:
    """A run that learned both tasks of the photos, at another size."""
    monkeypatch.setattr("core.distillation.loading.load_dataset", lambda *_: dataset)
    job = job_for(make_plan(phase(epochs=1), tasks=("species", "health"), image_size=48), "ab12")
    run_through(job)
    (job.folder / "plan.json").write_text(job.plan.model_dump_json())
    return Teacher(run="ab12", views=2)


def test_a_run_teaches_what_its_best_model_says_at_its_own_size(job_for: Callable[..., Job], distilled_run: Teacher):
    asked, rows = (
        state_of(job_for(distilled(distilled_run, augmentation=NO_AUGMENTATION))).auxiliary["distillation"].teacher,
        np.array([3, 11]),
    )
    features, species, health = asked.outputs(rows, np.zeros(2, int))
    at = (asked.context.source.store.side - 32) // 2
    photos = asked.context.source.store.read(rows)[..., at : at + 32, at : at + 32].float()
    shown = functional.interpolate(photos, (48, 48), mode="bicubic", antialias=True).clamp(0, 255)
    own = job_for(make_plan(phase(epochs=1), tasks=("species", "health"), image_size=48), "ab12")
    model = load_trained_model(own.home, own.plan, own.dataset.tasks, own.folder)
    with torch.no_grad():
        expected = model(model.normalize(shown))
    assert species.float().numpy() == pytest.approx(expected["species"].numpy(), abs=2e-2)
    assert health.float().numpy() == pytest.approx(expected["health"].numpy(), abs=2e-2)
    assert features.shape == (2, model.num_features)


def test_where_both_tell_the_same_apart_the_students_own_head_is_compared(
    job_for: Callable[..., Job], distilled_run: Teacher
):
    projection_heads = state_of(job_for(distilled(distilled_run))).auxiliary["distillation"]
    assert [len(projection.bias) for projection in projection_heads.answers] == [
        2
    ]  # for health, which the student does not learn
    rows, features = np.array([3, 11]), torch.zeros(2, projection_heads.features.in_features)
    logits = {"species": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])}
    targets = projection_heads.targets(rows, np.zeros(2, int), features, logits)
    assert targets.student_logits[0] is logits["species"]
    assert (
        [each.shape for each in targets.teacher_logits]
        == [each.shape for each in targets.student_logits]
        == [(2, 3), (2, 2)]
    )


def test_classes_are_matched_by_their_names(job_for: Callable[..., Job], distilled_run: Teacher, dataset: Dataset):
    turned = (Task("species", ("ash", "oak")), *dataset.tasks[1:])
    column = dataset.tasks[0].column
    table = dataset.table.assign(**{column: dataset.table[column].map({2: 0, 0: 1, 1: MISSING})})
    projection_heads = state_of(
        job_for(distilled(distilled_run), of=replace(dataset, tasks=turned, table=table))
    ).auxiliary["distillation"]
    rows = np.array([0, 2])
    targets = projection_heads.targets(
        rows, np.zeros(2, int), torch.zeros(2, projection_heads.features.in_features), {"species": None}
    )
    _, species, _ = projection_heads.teacher.outputs(rows, np.zeros(2, int))
    assert torch.equal(targets.teacher_logits[0], species[:, [2, 0]])


def test_a_run_that_is_gone_teaches_nobody_and_says_so(job_for: Callable[..., Job]):
    with pytest.raises(NotFound, match=r"The run that should teach is gone\. Choose another teacher"):
        run_through(job_for(distilled(Teacher(run="ab12"))))


def test_a_student_of_a_run_stopped_and_resumed_is_bit_equal(job_for: Callable[..., Job], distilled_run: Teacher):
    unbroken, broken = job_for(distilled(distilled_run), "unbroken"), job_for(distilled(distilled_run), "broken")
    run_through(unbroken)
    close_at(broken, 3)
    run_through(broken)
    assert_same(unbroken, broken)
