"""The learning rate range test takes the plan's own steps, and leaves nothing behind."""

import hashlib
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.job import Job, Stepped
from core.plans import Augmentation, Optimizer, balance_of, plan_to_try, rate_groups, set_balance, take_rate
from core.training.loop import train
from core.training.rate_range import RateTried, try_rates
from tests.fixtures.engine import SOURCE, TARGET, make_plan, phase, run_through, state_of

PLAN = make_plan(
    phase(learning=0, solver="lbfgs"),
    phase(learning=2, epochs=3),
    augmentation=Augmentation(erase=0.5),
    drop_path=0.2,
    optimizer=Optimizer(ema_decay=0.9),
)


def tried(job: Job, group: str, steps: int = 12) -> list[RateTried]:
    return [event for event in try_rates(job, group, steps) if isinstance(event, RateTried)]


def contents(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("group", ["head", "stages"])
def test_it_leaves_model_optimizer_random_state_and_files_as_they_were(
    job_for: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
):
    (own := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    job = job_for(make_plan(*PLAN.phases))
    run_through(job)
    state, files, threads = state_of(job), contents(job.home.root), torch.get_num_threads()
    weights = {name: value.clone() for name, value in state.model.state_dict().items()}
    before = torch.random.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert len(tried(job, group)) > 1
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before[1:]
    assert all(torch.equal(value, weights[name]) for name, value in state.model.state_dict().items())
    assert not state.optimizer.state or state.position == state_of(job).position
    assert (contents(job.home.root), torch.get_num_threads()) == (files, threads)
    assert not list(own.iterdir()), "what it computed on the way is gone"


def test_its_steps_are_those_of_training(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=2), augmentation=Augmentation(erase=0.5, cached_views=0), drop_path=0.3)
    first = next(event for event in train(job_for(plan_to_try(plan, "stages"))) if isinstance(event, Stepped))
    assert tried(job_for(plan), "stages", 4)[0].loss == first.loss


def test_learned_weights_of_labels_are_left_out():
    of_two = set_balance(make_plan(phase(learning=2), tasks=("species", "health")), "learned")
    assert balance_of(plan_to_try(of_two, "stages")) == "alike"


def test_it_ends_when_it_is_closed_and_where_the_loss_shoots_up(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=0), optimizer=Optimizer(kind="sgd"))
    found = tried(job_for(plan), "head", 100)
    assert [each.step for each in found] == list(range(1, len(found) + 1))
    assert found[0].rate == pytest.approx(1e-5)
    assert len(found) < 100 or found[-1].rate == pytest.approx(10.0)
    events = try_rates(job_for(plan), "head", 5)
    next(event for event in events if isinstance(event, RateTried))
    events.close()


def test_a_plan_with_a_target_can_be_tried(job_for: Callable[..., Job]):
    from core.objectives import Coral, CrossEntropy

    plan = make_plan(phase(learning=1), datasets=(SOURCE, TARGET), objectives=(CrossEntropy(), Coral()))
    assert len(tried(job_for(plan), "stages", 3)) == 3


def test_a_rate_is_taken_by_all_phases_of_its_group_in_their_proportions():
    assert rate_groups(PLAN) == ("head", "stages")
    taken = take_rate(PLAN, "stages", 2e-3)
    assert taken.phases[0] == PLAN.phases[0]
    assert (max(taken.phases[1].stage_rates), taken.phases[1].head_rate) == (2e-3, pytest.approx(2e-2))
    stepping = take_rate(PLAN, "head", 5e-3).phases[0]
    assert (stepping.head_rate, stepping.solver) == (5e-3, "optimizer")
