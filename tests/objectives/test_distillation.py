"""Learning from a teacher, against the formulas written out in NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.objectives import DistillationTargets, FeatureDistillation, LogitDistillation, Outcome, make_loss
from core.plans import Objective

RNG = torch.Generator().manual_seed(0)
ANSWERS, SECOND, OWN, OWN_SECOND, FEATURES, OWN_FEATURES = (
    torch.randn(5, width, generator=RNG) for width in (7, 3, 7, 3, 4, 4)
)
LESSON = DistillationTargets((ANSWERS,), FEATURES, (OWN,), OWN_FEATURES)
OUTCOME = Outcome(torch.zeros(5, 2), {"species": torch.zeros(5, 3)}, {"species": torch.zeros(5).long()}, LESSON)


def log_softmax(logits: torch.Tensor) -> np.ndarray:
    values = logits.double().numpy()
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


def divergence(teacher: torch.Tensor, student: torch.Tensor, temperature: float) -> float:
    taught, own = (log_softmax(each / temperature) for each in (teacher, student))
    return float(temperature**2 * (np.exp(taught) * (taught - own)).sum(axis=1).mean())


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_answers_cost_the_divergence_of_softened_answers_times_the_squared_temperature(temperature: float):
    assert LogitDistillation(temperature)(OUTCOME).item() == pytest.approx(
        divergence(ANSWERS, OWN, temperature), rel=1e-5
    )


def test_a_teacher_that_tells_two_things_apart_counts_both_alike():
    both = replace(OUTCOME, lesson=DistillationTargets((ANSWERS, SECOND), FEATURES, (OWN, OWN_SECOND), OWN_FEATURES))
    expected = (divergence(ANSWERS, OWN, 2.0) + divergence(SECOND, OWN_SECOND, 2.0)) / 2
    assert LogitDistillation(2.0)(both).item() == pytest.approx(expected, rel=1e-5)


def test_answers_equal_to_the_teachers_cost_nothing_whatever_is_added_to_all_of_them():
    alike = replace(OUTCOME, lesson=replace(LESSON, own_answers=(ANSWERS + 3.0,)))
    assert LogitDistillation(2.0)(alike).item() == pytest.approx(0, abs=1e-6)


def test_features_cost_one_less_the_cosine_of_their_angle():
    own, taught = OWN_FEATURES.numpy(), FEATURES.numpy()
    cosine = (own * taught).sum(axis=1) / (np.linalg.norm(own, axis=1) * np.linalg.norm(taught, axis=1))
    assert FeatureDistillation()(OUTCOME).item() == pytest.approx((1 - cosine).mean(), rel=1e-5)


def test_a_plan_names_them_and_their_weights():
    loss = make_loss([Objective(kind="logit_distillation", temperature=3.0, weight=0.5)], {})
    assert loss(OUTCOME).item() == pytest.approx(0.5 * LogitDistillation(3.0)(OUTCOME).item())


def test_of_other_photos_the_teachers_part_is_theirs_and_the_students_ones_own():
    other = np.array([1, 0, 4, 3, 2])
    lesson = OUTCOME.with_permuted_targets(other).lesson
    assert torch.equal(lesson.answers[0], ANSWERS[torch.from_numpy(other)])
    assert torch.equal(lesson.features, FEATURES[torch.from_numpy(other)])
    assert lesson.own_answers is LESSON.own_answers
