"""Weights between tasks against their definition, and as a run learns, reports and saves them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.job.context import Job
from core.job.events import EpochEnded, Stepped
from core.objectives import BatchOutput, CrossEntropy, ObjectiveContext, make_loss
from core.objectives.cross_entropy import cross_entropy
from core.objectives.task_balance import TaskBalance, make_uncertainty, weigh_by_uncertainty
from core.tasks import MISSING
from tests.fixtures.engine import (
    _one_thread,
    _photos_in_memory,
    dataset,
    job_for,
    make_plan,
    phase,
    run_through,
)

__all__ = ["_one_thread", "_photos_in_memory", "dataset", "job_for"]

BOTH = ("species", "health")
LABELS = {"species": torch.tensor([0, 1, 2, MISSING]), "health": torch.tensor([1, MISSING, 0, MISSING])}
LEARNED = (CrossEntropy(learn_task_weights=True),)


def output_of(labels: dict[str, torch.Tensor] = LABELS, s: tuple[float, ...] = ()) -> BatchOutput:
    random = torch.Generator().manual_seed(0)
    logits = {"species": torch.randn(4, 3, generator=random), "health": torch.randn(4, 2, generator=random)}
    uncertainty = make_uncertainty(len(s))
    uncertainty.log_variances.data = torch.tensor(s)
    return BatchOutput(torch.zeros(4, 5), logits, labels, auxiliary={"cross_entropy": uncertainty} if s else {})


def losses_of(output: BatchOutput) -> np.ndarray:
    """Mean cross-entropy of each task's labelled photos, in NumPy."""
    means = []
    for task, logits in output.logits.items():
        logits, labels = logits.numpy().astype(float), output.labels[task].numpy()
        nats = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]
        means.append(nats[labels != MISSING].mean())
    return np.array(means)


def test_uncertainty_weighs_losses_as_the_paper_does_and_its_gradient_is_exact():
    s = (0.4, -1.2)
    output = output_of(s=s)
    loss = cross_entropy(output, 0.0, {}, TaskBalance(learns=True))
    losses = losses_of(output)
    assert loss.item() == pytest.approx((np.exp(-np.array(s)) * losses + np.array(s) / 2).sum(), rel=1e-5)
    loss.backward()
    gradient = output.auxiliary["cross_entropy"].log_variances.grad.numpy()
    np.testing.assert_allclose(gradient, 0.5 - np.exp(-np.array(s)) * losses, rtol=1e-5)


def test_its_minimum_lies_where_s_is_the_logarithm_of_twice_the_loss():
    losses = torch.tensor([0.3, 2.0])
    s = (2 * losses).log().requires_grad_()
    weigh_by_uncertainty(losses, s).sum().backward()
    np.testing.assert_allclose(s.grad.numpy(), 0, atol=1e-6)


def test_a_task_without_a_label_in_the_batch_pulls_at_no_weight():
    nothing = {"species": LABELS["species"], "health": torch.full((4,), MISSING)}
    output = output_of(nothing, s=(0.0, 3.0))
    loss = cross_entropy(output, 0.0, {}, TaskBalance(learns=True))
    loss.backward()
    assert loss.item() == pytest.approx(losses_of(output_of())[0], rel=1e-5)
    assert output.auxiliary["cross_entropy"].log_variances.grad[1] == 0


def test_weights_by_hand_multiply_and_others_are_one():
    first, second = losses_of(output_of())
    by_hand = CrossEntropy(task_weights={"health": 0.25}).make_term(ObjectiveContext({}, 5))
    assert by_hand(output_of()).item() == pytest.approx(first + second / 4, rel=1e-5)
    assert cross_entropy(output_of(), 0.0, {}).item() == pytest.approx(first + second, rel=1e-5)


def test_learned_weights_move_are_drawn_and_saved(job_for: Callable[..., Job]):
    job = job_for(make_plan(phase(learning=1), tasks=BOTH, objectives=LEARNED))
    steps = [event for event in run_through(job) if isinstance(event, Stepped)]
    weights = [[step.reports[f"objective/cross_entropy/weight/{task}"] for task in BOTH] for step in steps]
    assert weights[0] == [1.0, 1.0]
    assert all(abs(weight - 1) > 0.1 for weight in weights[-1])
    saved = load_file(job.folder / "last" / "training_state.safetensors")
    s = saved["auxiliary/cross_entropy/log_variances"]
    assert s.shape == (2,)
    assert "optimizer/auxiliary.cross_entropy.log_variances/exp_avg" in saved


def test_each_task_has_curves_of_its_own_steps(job_for: Callable[..., Job]):
    plan = make_plan(phase(learning=0, epochs=1), tasks=BOTH)
    [first, *_] = [event for event in run_through(job_for(plan)) if isinstance(event, Stepped)]
    assert set(first.reports) == {f"{task}/{curve}" for task in BOTH for curve in ("loss/train", "accuracy/train")}
    assert first.loss == pytest.approx(sum(first.reports[f"{task}/loss/train"] for task in BOTH), rel=1e-4)


def test_heads_that_are_fitted_alone_count_alike_and_learned_weights_wait(job_for: Callable[..., Job]):
    phases = phase(learning=0, epochs=1, solver="lbfgs"), phase(learning=1, epochs=1)
    events = run_through(job_for(make_plan(*phases, tasks=BOTH, objectives=LEARNED)))
    steps = [event for event in events if isinstance(event, Stepped)]
    curves = [step.reports["objective/cross_entropy/weight/health"] for step in steps]
    assert curves[:2] == [1.0, 1.0]
    assert curves[-1] != 1.0


def test_the_best_epoch_is_chosen_by_the_weights_set_by_hand(job_for: Callable[..., Job]):
    objective = CrossEntropy(task_weights={"health": 0.0})
    events = run_through(job_for(make_plan(phase(epochs=3), tasks=BOTH, objectives=(objective,))))
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    best = [event.epoch for event in epochs if event.best][-1]
    assert best == min(epochs, key=lambda event: event.scores["species"].validation_loss).epoch
    assert make_loss([objective], ObjectiveContext(dict.fromkeys(BOTH), 5)).terms[0].reports == ()
