"""L2-SP against its definition, and that the engine gives it the weights that training began with."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from core.job.context import Job
from core.job.events import Stepped
from core.models.build import create_model
from core.objectives import BatchOutput, CrossEntropy, L2Sp, LearnedWeights, ObjectiveContext
from core.objectives.l2_sp import distance_from_start, l2_sp
from tests.fixtures.engine import (
    SPECIES,
    _one_thread,
    _photos_in_memory,
    dataset,
    job_for,
    make_plan,
    phase,
    run_through,
    state_of,
)

__all__ = ["_one_thread", "_photos_in_memory", "dataset", "job_for"]


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def output_of(stages: list[torch.Tensor], initial: list[torch.Tensor], heads: list[torch.Tensor]) -> BatchOutput:
    weights = LearnedWeights(tuple(stages), tuple(initial), tuple(heads))
    return BatchOutput(normal(4, 5, seed=9), {}, {}, weights=weights)


def test_its_value_and_gradient_are_those_of_the_paper():
    stages = [normal(3, 2, seed=0).requires_grad_(), normal(4, seed=1).requires_grad_()]
    initial, head = [normal(3, 2, seed=2), normal(4, seed=3)], normal(2, 5, seed=4).requires_grad_()
    loss = l2_sp(output_of(stages, initial, [head]), pull=0.3, head_pull=0.02)
    moved = sum(np.square((w - s).detach().numpy()).sum() for w, s in zip(stages, initial, strict=True))
    assert loss.item() == pytest.approx(0.15 * moved + 0.01 * np.square(head.detach().numpy()).sum(), rel=1e-6)
    loss.backward()
    for weight, start in zip(stages, initial, strict=True):  # alpha (w - w0)
        np.testing.assert_allclose(weight.grad.numpy(), 0.3 * (weight - start).detach().numpy(), rtol=1e-5)
    np.testing.assert_allclose(head.grad.numpy(), 0.02 * head.detach().numpy(), rtol=1e-5)  # beta w


def test_where_nothing_has_moved_only_the_head_counts():
    weight, head = normal(3, seed=0), normal(2, seed=1)
    output = output_of([weight], [weight.clone()], [head])
    assert l2_sp(output, pull=5, head_pull=1).item() == pytest.approx(head.square().sum().item() / 2)
    assert distance_from_start(output).item() == 0
    assert l2_sp(output_of([], [], [head]), pull=5, head_pull=0).item() == 0


def test_the_start_is_that_of_the_plan_also_when_a_run_is_resumed(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=2, epochs=1), objectives=(CrossEntropy(), L2Sp()))
    job = job_for(plan)
    events = run_through(job)
    assert [e for e in events if isinstance(e, Stepped)][-1].reports["objective/l2_sp/distance"] > 0
    resumed, fresh = state_of(job), dict(create_model(job.home, plan, [SPECIES]).named_parameters())
    weights = resumed.initial_weights.learned_weights()
    now = dict(resumed.model.named_parameters())
    names = [name for name, value in now.items() if any(value is each for each in weights.stages)]
    assert len(names) == len(weights.stages) > 0
    assert all(torch.equal(fresh[name], start) for name, start in zip(names, weights.initial, strict=True))
    assert any(not torch.equal(now[name], start) for name, start in zip(names, weights.initial, strict=True))


def test_a_stronger_pull_ends_nearer_to_the_start(job_for: Callable[..., Job]):
    def distance(pull: float) -> float:
        plan = make_plan(phase(learning=1, epochs=1), objectives=(CrossEntropy(), L2Sp(pull=pull)))
        steps = [e for e in run_through(job_for(plan, f"{pull}")) if isinstance(e, Stepped)]
        return steps[-1].reports["objective/l2_sp/distance"]

    assert distance(1000.0) < distance(0.0)


def test_its_term_is_made_of_its_settings():
    term = L2Sp(pull=2, head_pull=0).make_term(ObjectiveContext({}, feature_count=5))
    assert term(output_of([torch.ones(2)], [torch.zeros(2)], [])).item() == 2
