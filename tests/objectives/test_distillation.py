"""Learning from a teacher, against the formulas written out in NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.objectives import BatchOutput, DistillationTargets, LogitDistillation, ObjectiveContext, make_loss
from core.objectives.feature_distillation import feature_distillation
from core.objectives.logit_distillation import logit_distillation

RNG = torch.Generator().manual_seed(0)
ANSWERS, SECOND, OWN, OWN_SECOND, FEATURES, OWN_FEATURES = (
    torch.randn(5, width, generator=RNG) for width in (7, 3, 7, 3, 4, 4)
)
TARGETS = DistillationTargets((ANSWERS,), FEATURES, (OWN,), OWN_FEATURES)
OUTPUT = BatchOutput(torch.zeros(5, 2), {"species": torch.zeros(5, 3)}, {"species": torch.zeros(5).long()}, TARGETS)


def log_softmax(logits: torch.Tensor) -> np.ndarray:
    values = logits.double().numpy()
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


def divergence(teacher: torch.Tensor, student: torch.Tensor, temperature: float) -> float:
    distilled, own = (log_softmax(each / temperature) for each in (teacher, student))
    return float(temperature**2 * (np.exp(distilled) * (distilled - own)).sum(axis=1).mean())


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_answers_cost_the_divergence_of_softened_answers_times_the_squared_temperature(temperature: float):
    assert logit_distillation(OUTPUT, temperature).item() == pytest.approx(
        divergence(ANSWERS, OWN, temperature), rel=1e-5
    )


def test_a_teacher_of_two_tasks_counts_both_alike():
    both = replace(
        OUTPUT, distillation=DistillationTargets((ANSWERS, SECOND), FEATURES, (OWN, OWN_SECOND), OWN_FEATURES)
    )
    expected = (divergence(ANSWERS, OWN, 2.0) + divergence(SECOND, OWN_SECOND, 2.0)) / 2
    assert logit_distillation(both, 2.0).item() == pytest.approx(expected, rel=1e-5)


def test_answers_equal_to_the_teachers_cost_nothing_whatever_is_added_to_all_of_them():
    alike = replace(OUTPUT, distillation=replace(TARGETS, student_logits=(ANSWERS + 3.0,)))
    assert logit_distillation(alike, 2.0).item() == pytest.approx(0, abs=1e-6)


def test_features_cost_one_less_the_cosine_of_their_angle():
    own, distilled = OWN_FEATURES.numpy(), FEATURES.numpy()
    cosine = (own * distilled).sum(axis=1) / (np.linalg.norm(own, axis=1) * np.linalg.norm(distilled, axis=1))
    assert feature_distillation(OUTPUT).item() == pytest.approx((1 - cosine).mean(), rel=1e-5)


def test_a_plan_names_them_and_their_weights():
    loss = make_loss([LogitDistillation(temperature=3.0, weight=0.5)], ObjectiveContext({}, 2))
    assert loss(OUTPUT).item() == pytest.approx(0.5 * logit_distillation(OUTPUT, 3.0).item())


def test_of_other_photos_the_teachers_part_is_theirs_and_the_students_ones_own():
    other = np.array([1, 0, 4, 3, 2])
    targets = OUTPUT.with_permuted_targets(other).distillation
    assert torch.equal(targets.teacher_logits[0], ANSWERS[torch.from_numpy(other)])
    assert torch.equal(targets.teacher_features, FEATURES[torch.from_numpy(other)])
    assert targets.student_logits is TARGETS.student_logits
