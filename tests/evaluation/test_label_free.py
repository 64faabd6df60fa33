"""The nuclear norm of answers against its definition, and what it must tell apart."""

import numpy as np
import pytest

from core.evaluation import nuclear_norm_score


def answers(photos: int, classes: int, sharpness: float, seed: int = 0) -> np.ndarray:
    scores = np.exp(sharpness * np.random.default_rng(seed).normal(size=(photos, classes)))
    return scores / scores.sum(axis=1, keepdims=True)


def test_it_is_the_sum_of_the_singular_values_over_the_largest_there_can_be():
    probabilities = answers(12, 5, 2.0)
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(probabilities.T @ probabilities), 0))
    assert nuclear_norm_score(probabilities) == pytest.approx(roots.sum() / np.sqrt(12 * 5))


@pytest.mark.parametrize("photos", [4, 40])
def test_clear_answers_of_all_classes_alike_are_1(photos: int):
    assert nuclear_norm_score(np.eye(4)[np.arange(photos) % 4]) == pytest.approx(1)


def test_unclear_answers_and_one_answer_for_all_are_worse_than_clear_and_different_ones():
    clear = nuclear_norm_score(answers(60, 5, 8.0))
    assert nuclear_norm_score(answers(60, 5, 0.1)) < clear
    assert nuclear_norm_score(np.eye(5)[np.zeros(60, int)]) == pytest.approx(1 / np.sqrt(5))


def test_without_photos_there_is_none():
    assert np.isnan(nuclear_norm_score(np.empty((0, 3))))
