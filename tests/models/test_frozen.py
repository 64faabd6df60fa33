"""A frozen stage is the same, bit for bit, after training as before: weights, biases and running statistics."""

from collections.abc import Callable

import pytest
import torch

from core.job.context import Job
from core.models.build import create_model, load_trained_model
from tests.fixtures.engine import CONVNEXT, STARTER, VIT, make_plan, phase, run_through

pytestmark = pytest.mark.slow


def trained_and_fresh(job: Job) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], list[set[str]]]:
    run_through(job)
    fresh = create_model(job.home, job.plan, [task for task in job.dataset.tasks if task.name in job.plan.tasks])
    trained = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    return trained.state_dict(), fresh.state_dict(), [{f"backbone.{m}" for m in s.members} for s in fresh.stages]


@pytest.mark.parametrize("backbone", [STARTER, CONVNEXT, VIT])
@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_frozen_stages_are_bit_identical_and_the_others_are_not(job_for: Callable[..., Job], backbone: str, kind: str):
    plan = make_plan(phase(backbone, learning=2), backbone=backbone, optimizer={"kind": kind, "weight_decay": 0.5})
    after, before, stages = trained_and_fresh(job_for(plan))
    for number, members in enumerate(stages):
        same = [torch.equal(after[name], before[name]) for name in members]
        assert all(same) if number < len(stages) - 2 else not all(same)
    assert not torch.equal(after["heads.0.weight"], before["heads.0.weight"])


def test_feature_extraction_changes_nothing_of_the_backbone(job_for: Callable[..., Job]):
    after, before, _ = trained_and_fresh(job_for(make_plan(phase(learning=0))))
    assert all(torch.equal(after[n], before[n]) for n in before if n.startswith("backbone."))


def test_statistics_of_a_learning_batch_norm_move(job_for: Callable[..., Job]):
    after, before, _ = trained_and_fresh(job_for(make_plan(phase(learning=1))))
    moved = [n for n in before if "running_mean" in n and not torch.equal(after[n], before[n])]
    assert moved
    assert all(".layer4." in n for n in moved)


def test_a_stage_that_a_later_phase_frees_stays_still_until_then(job_for: Callable[..., Job]):
    later = make_plan(phase(learning=0, epochs=1), phase(learning=1, epochs=1))
    alone = make_plan(phase(learning=0, epochs=1))
    _, before, stages = trained_and_fresh(job_for(alone, "alone"))
    after, _, _ = trained_and_fresh(job_for(later, "later"))
    assert all(torch.equal(after[n], before[n]) for members in stages[:-1] for n in members)
    assert not any(torch.equal(after[n], before[n]) for n in stages[-1])
