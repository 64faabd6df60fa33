"""Cross-entropy against its formula written out in NumPy."""

import numpy as np
import pytest
import torch

from core.objectives import BatchOutput, CrossEntropy, ObjectiveContext, make_loss
from core.objectives.cross_entropy import balanced_weights, cross_entropy

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = 3 * torch.randn(6, 4, generator=GENERATOR)
LABELS = torch.tensor([0, 3, 1, 1, 2, 0])
FEATURES = torch.zeros(6, 2)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def per_photo(logits: torch.Tensor, labels: torch.Tensor, smoothing: float = 0.0) -> np.ndarray:
    """-(1 - s) log p(right) - s mean over classes of log p."""
    logs = log_softmax(logits.double().numpy())
    right = logs[np.arange(len(logs)), labels.numpy()]
    return -(1 - smoothing) * right - smoothing * logs.mean(axis=1)


def one_task(labels: torch.Tensor = LABELS, logits: torch.Tensor = LOGITS) -> BatchOutput:
    return BatchOutput(FEATURES, {"species": logits}, {"species": labels})


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_the_formula(smoothing: float):
    expected = per_photo(LOGITS, LABELS, smoothing).mean()
    assert cross_entropy(one_task(), smoothing, {}).item() == pytest.approx(expected, rel=1e-5)


def test_balancing_makes_every_class_count_alike():
    counts = np.array([2, 2, 1, 1])
    weights = {"species": balanced_weights(counts)}
    losses = per_photo(LOGITS, LABELS)
    by_class = [losses[LABELS.numpy() == c].mean() for c in range(4)]
    assert cross_entropy(one_task(), 0.0, weights).item() == pytest.approx(np.mean(by_class), rel=1e-5)


def test_balanced_weights_average_to_one_over_the_photos_and_an_empty_class_weighs_nothing():
    counts = np.array([30, 10, 0])
    weights = balanced_weights(counts).numpy()
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
    assert weights[2] == 0


def test_a_photo_without_a_label_neither_counts_nor_learns():
    labels = torch.where(torch.arange(6) < 2, -1, LABELS)
    logits = LOGITS.clone().requires_grad_()
    loss = cross_entropy(one_task(labels, logits), 0.1, {})
    loss.backward()
    assert loss.item() == pytest.approx(per_photo(LOGITS[2:], LABELS[2:], 0.1).mean(), rel=1e-5)
    assert logits.grad is not None
    assert logits.grad[:2].abs().sum() == 0
    assert logits.grad[2:].abs().sum() > 0


def test_a_batch_without_any_label_costs_nothing():
    assert cross_entropy(one_task(torch.full((6,), -1)), 0.0, {}).item() == 0


def test_tasks_are_summed():
    health = torch.randn(6, 2, generator=GENERATOR)
    sick = torch.tensor([0, 1, -1, 1, 0, -1])
    output = BatchOutput(FEATURES, {"species": LOGITS, "health": health}, {"species": LABELS, "health": sick})
    expected = per_photo(LOGITS, LABELS).mean() + per_photo(health[sick >= 0], sick[sick >= 0]).mean()
    assert cross_entropy(output, 0.0, {}).item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_a_plan_weights_its_terms():
    loss = make_loss([CrossEntropy(weight=2.0), CrossEntropy(weight=0.5, label_smoothing=0.2)], ObjectiveContext({}, 2))
    expected = 2 * per_photo(LOGITS, LABELS).mean() + 0.5 * per_photo(LOGITS, LABELS, 0.2).mean()
    assert loss(one_task()).item() == pytest.approx(expected, rel=1e-5)
