"""Objectives of domain adaptation against their definitions written out in NumPy."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from core.objectives import (
    OBJECTIVES,
    BatchOutput,
    Coral,
    Dann,
    MinimumClassConfusion,
    MultiKernelMmd,
    ObjectiveContext,
    TargetOutput,
)
from core.objectives.coral import coral_distance
from core.objectives.dann import domain_accuracy, domain_adversarial, reversal_strength, reverse_gradient
from core.objectives.mcc import class_confusion
from core.objectives.mmd import BANDWIDTHS, squared_mmd

KINDS = ("dann", "coral", "mmd", "mcc")
CONTEXT = ObjectiveContext({}, feature_count=5)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def output_of(source: torch.Tensor, target: torch.Tensor, progress: float = 0.5, **auxiliary: nn.Module) -> BatchOutput:
    """The features are the logits of the one task, too."""
    labels = {"species": torch.zeros(len(source), dtype=torch.int64)}
    in_target = TargetOutput(target, {"species": target})
    return BatchOutput(source, {"species": source}, labels, None, auxiliary, in_target, progress)


def covariance(features: np.ndarray) -> np.ndarray:
    """Equations 2 and 3 of Deep CORAL."""
    count, ones = len(features), np.ones((1, len(features)))
    return (features.T @ features - (ones @ features).T @ (ones @ features) / count) / (count - 1)


def test_coral_equals_the_papers_formula():
    source, target = normal(16, 5), 3 * normal(9, 5, seed=1)
    difference = covariance(source.double().numpy()) - covariance(target.double().numpy())
    expected = np.square(difference).sum() / (4 * 5**2)
    assert coral_distance(source, target).item() == pytest.approx(expected, rel=1e-5)


def test_coral_of_a_shift_of_the_mean_alone_is_nothing():
    logits = normal(32, 4)
    assert coral_distance(logits, logits + 10).item() == pytest.approx(0, abs=1e-8)


def test_coral_of_several_tasks_is_their_sum():
    logits, in_target = {"a": normal(8, 3), "b": normal(8, 4, seed=1)}, {"a": normal(8, 3, seed=2), "b": normal(8, 4)}
    output = BatchOutput(normal(8, 5), logits, {}, target=TargetOutput(normal(8, 5), in_target))
    expected = sum(coral_distance(logits[task], in_target[task]) for task in logits)
    torch.testing.assert_close(Coral().make_term(CONTEXT)(output), expected)


def mmd_in_numpy(source: np.ndarray, target: np.ndarray) -> float:
    features = np.concatenate([source, target])
    count = len(features)
    distances = np.array([[np.square(a - b).sum() for b in features] for a in features])
    different = [distances[i, j] for i, j in product(range(count), repeat=2) if i != j]
    median = np.sort(different)[(len(different) - 1) // 2]  # torch's, the lower of two in the middle

    def kernel(i: int, j: int) -> float:
        return float(np.mean([np.exp(-distances[i, j] / (factor * median)) for factor in BANDWIDTHS]))

    ours, theirs = range(len(source)), range(len(source), count)
    within = (np.mean([kernel(i, j) for i, j in product(part, repeat=2)]) for part in (ours, theirs))
    return sum(within) - 2 * np.mean([kernel(i, j) for i, j in product(ours, theirs)])


def test_mmd_equals_its_definition():
    source, target = normal(7, 5), 2 * normal(6, 5, seed=1) + 1
    expected = mmd_in_numpy(source.double().numpy(), target.double().numpy())
    assert squared_mmd(source, target).item() == pytest.approx(expected, rel=1e-4)


def test_mmd_of_equal_sets_is_nothing_and_the_scale_and_place_of_the_features_do_not_matter():
    source, target = normal(8, 5), normal(8, 5, seed=1) + 0.5
    assert squared_mmd(source, source.flip(0)).item() == pytest.approx(0, abs=1e-6)
    distance = squared_mmd(source, target)
    assert distance > 0.01
    torch.testing.assert_close(squared_mmd(100 * source + 30, 100 * target + 30), distance, rtol=1e-3, atol=1e-4)


def test_mmd_of_equal_photos_alone_is_a_number_with_a_gradient():
    source = torch.ones(4, 3, requires_grad=True)
    distance = squared_mmd(source, torch.ones(4, 3))
    distance.backward()
    assert distance.item() == 0
    assert torch.isfinite(source.grad).all()


def confusion_in_numpy(logits: np.ndarray, temperature: float) -> float:
    count, classes = logits.shape
    scaled = np.exp(logits / temperature)
    probabilities = scaled / scaled.sum(axis=1, keepdims=True)
    entropies = -(probabilities * np.log(probabilities)).sum(axis=1)
    weights = count * (1 + np.exp(-entropies)) / (1 + np.exp(-entropies)).sum()
    correlation = probabilities.T @ np.diag(weights) @ probabilities
    normalised = correlation / correlation.sum(axis=1, keepdims=True)
    return sum(normalised[i, j] for i, j in product(range(classes), repeat=2) if i != j) / classes


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_class_confusion_equals_the_papers_formula(temperature: float):
    logits = 4 * normal(12, 5)
    expected = confusion_in_numpy(logits.double().numpy(), temperature)
    assert class_confusion(logits, temperature).item() == pytest.approx(expected, rel=1e-5)


def test_sure_answers_are_not_confused_and_undecided_ones_fully():
    certain = 1_000 * torch.eye(4)
    assert class_confusion(certain, 2.5).item() == pytest.approx(0, abs=1e-6)
    assert class_confusion(torch.zeros(6, 4), 2.5).item() == pytest.approx(0.75)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
def test_the_reversal_grows_as_in_the_paper(progress: float):
    assert reversal_strength(progress) == pytest.approx(2 / (1 + np.exp(-10 * progress)) - 1)


def test_a_reversed_gradient_has_the_other_sign_and_the_strength_as_its_scale():
    features = normal(3, 2).requires_grad_()
    reversed_features = reverse_gradient(features, 0.3)
    torch.testing.assert_close(reversed_features, features)
    weights = normal(3, 2, seed=1)
    (reversed_features * weights).sum().backward()
    torch.testing.assert_close(features.grad, -0.3 * weights)


def test_the_domain_classifier_learns_to_tell_and_the_features_not_to_be_told():
    classifier = Dann(width=4).make_auxiliary(CONTEXT)
    source, target = normal(6, 5).requires_grad_(), normal(6, 5, seed=1).requires_grad_()
    loss = Dann().make_term(CONTEXT)(output_of(source, target, 0.2, dann=classifier))
    domains = torch.cat([torch.zeros(6), torch.ones(6)])
    plain_source, plain_target = source.detach().requires_grad_(), target.detach().requires_grad_()
    logits = classifier(torch.cat([plain_source, plain_target])).squeeze(1)
    plain = nn.functional.binary_cross_entropy_with_logits(logits, domains)
    torch.testing.assert_close(loss, plain)
    expected = torch.autograd.grad(plain, [plain_source, plain_target, *classifier.parameters()])
    of_source, of_target, *of_classifier = torch.autograd.grad(loss, [source, target, *classifier.parameters()])
    torch.testing.assert_close(of_source, -reversal_strength(0.2) * expected[0])
    torch.testing.assert_close(of_target, -reversal_strength(0.2) * expected[1])
    for ours, theirs in zip(of_classifier, expected[2:], strict=True):
        torch.testing.assert_close(ours, theirs)


def test_domain_accuracy_is_the_share_of_photos_that_are_placed_right():
    places = torch.tensor([[-1.0], [2.0], [-3.0], [-1.0]])  # below 0 is the source
    assert domain_accuracy(output_of(places[:2], places[2:], dann=nn.Identity())).item() == 0.25


def test_equal_seeds_make_equal_domain_classifiers():
    one, same, other = (Dann().make_auxiliary(ObjectiveContext({}, 5, seed)) for seed in (1, 1, 2))
    assert torch.equal(one[0].weight, same[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)


@pytest.mark.parametrize("kind", KINDS)
def test_each_needs_a_batch_of_the_target_and_reports_how_far_apart_the_features_are(kind: str):
    objective = OBJECTIVES[kind]()
    assert "target_batch" in objective.needs
    source, target = normal(6, 5), normal(6, 5, seed=1)
    output = output_of(source, target, **{kind: objective.make_auxiliary(CONTEXT) or nn.Identity()})
    assert torch.isfinite(objective.make_term(CONTEXT)(output))
    [distance] = [report for report in objective.reports if report.name == "distance"]
    torch.testing.assert_close(distance.measure(output), squared_mmd(source, target))


def test_half_precision_outputs_are_computed_in_32_bits():
    source, target = normal(6, 5).bfloat16(), normal(6, 5, seed=1).bfloat16()
    output = output_of(source, target, dann=Dann().make_auxiliary(CONTEXT))
    for objective in (Dann(), Coral(), MultiKernelMmd(), MinimumClassConfusion()):
        assert objective.make_term(CONTEXT)(output).dtype == torch.float32
    assert domain_adversarial(output).isfinite()
