import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from core.evaluation import compare
from core.tasks import Interval, PairedAccuracy, f1_margin, margin


def wilson(right: int, images: int, z: float = 1.959964) -> tuple[float, float]:
    p = right / images
    centre = (p + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z / (1 + z**2 / images) * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2))
    return centre - half, centre + half


@pytest.mark.parametrize(("right", "images"), [(294, 341), (0, 10), (10, 10), (1, 2), (1, 1)])
def test_the_interval_is_wilsons_formula(right: int, images: int):
    interval = margin(right, images)
    assert interval.value == right / images
    assert (interval.low, interval.high) == pytest.approx(wilson(right, images), abs=1e-6)


def test_a_margin_is_said_in_one_breath():
    assert margin(294, 341).text == "86.2 % ± 3.7"
    assert (margin(294, 341).amount, margin(294, 341).plus_minus) == ("86.2 %", "± 3.7")


def test_near_the_ends_both_bounds_are_said_instead_of_passing_100():
    assert margin(29, 29).text == "100 % (88.3 to 100)"
    assert margin(0, 10).text == "0 % (0 to 27.8)"
    assert margin(339, 341).text == "99.4 % (97.9 to 99.8)"


def test_nearly_all_is_not_rounded_to_all():
    assert margin(99_990, 100_000).amount == "99.9 %"
    assert margin(1, 100_000).amount == "0.1 %"


def test_without_images_there_is_no_figure():
    with pytest.raises(ValueError, match="at least one image"):
        margin(0, 0)


def test_f1_is_the_usual_one_and_lies_within_its_margin():
    interval = f1_margin(right=27, missed=7, false=6)
    precision, recall = 27 / 33, 27 / 34
    assert interval.value == pytest.approx(2 * precision * recall / (precision + recall))
    assert 0 < interval.low < interval.value < interval.high < 1


def test_an_interval_survives_json():
    assert Interval.model_validate_json(margin(3, 7).model_dump_json()) == margin(3, 7)


def test_the_difference_of_two_models_is_mcnemars_exact_test(answers, clothes):
    labels = [0] * 30
    first = answers(labels, [0] * 20 + [1] * 10)
    second = answers(labels, [0] * 18 + [1] * 2 + [0] * 9 + [1])
    found = compare(first, second, clothes)
    assert (found.images, found.only_first, found.only_second) == (30, 2, 9)
    assert found.p == pytest.approx(2 * binom.cdf(2, 11, 0.5))
    assert found.in_words("mine", "yours") == (
        "“yours” is better by 23.3 ± 24.6 points, but not certainly. On 30 photos that judged both, it alone is right "
        "on 9 and the other alone on 2; chance alone does this 7 times in 100."
    )


def test_a_clear_difference_is_called_real(answers, clothes):
    found = compare(answers([0] * 20, [0] * 20), answers([0] * 20, [1] * 20), clothes)
    assert found.is_significant
    assert found.in_words("mine", "yours").startswith("“mine” is better by 100.0 ± ")
    assert "points, surely." in found.in_words("mine", "yours")
    assert "less than once in 100 times" in found.in_words("mine", "yours")


def test_the_margin_of_a_difference_is_bonett_and_prices():
    found = PairedAccuracy(images=200, only_first=38, only_second=6, p=0.0)
    one, other = 39 / 202, 7 / 202
    assert found.difference == pytest.approx(16)
    assert found.margin == pytest.approx(196 * math.sqrt((one + other - (one - other) ** 2) / 202), rel=1e-3)


def test_a_difference_beyond_its_margin_is_significant_by_mcnemars_test():
    for more in range(40):
        for fewer in range(more):
            found = PairedAccuracy(images=50, only_first=more, only_second=fewer, p=0.5)
            p = binomtest(more, more + fewer).pvalue
            assert p < 0.05 if found.is_significant else p > 0.02


@pytest.mark.parametrize("shares", [(0.15, 0.05), (0.1, 0.0), (0.3, 0.25)])
def test_a_margin_holds_the_truth_in_at_least_95_of_100_cases(shares: tuple[float, float]):
    rng, hits = np.random.default_rng(0), 0
    for _ in range(1_000):
        first, second, _ = rng.multinomial(80, [*shares, 1 - sum(shares)])
        drawn = PairedAccuracy(images=80, only_first=int(first), only_second=int(second), p=1.0)
        hits += abs(drawn.difference - 100 * (shares[0] - shares[1])) <= drawn.margin
    assert hits >= 935  # 950 less two standard errors


def test_only_images_that_both_saw_are_compared(answers, clothes):
    found = compare(answers([0] * 5, [0] * 5), answers([0] * 3, [0] * 3), clothes)
    assert (found.images, found.p) == (3, 1.0)
    assert found.in_words("a", "b").startswith("“a” and “b” are right equally often (± ")
    assert found.in_words("a", "b").endswith(" points) on 3 photos that judged both.")
    nothing = compare(answers([0], [0]), answers([], []), clothes)
    assert nothing.in_words("a", "b") == "No photo was judged by both, so they cannot be compared."
