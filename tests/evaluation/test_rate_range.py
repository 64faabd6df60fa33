"""The learning rate range test in figures."""

import numpy as np
import pytest

from core.evaluation.rate_range import RateCurve, has_diverged, rates_to_try, smooth, suggested_rate


def test_rates_rise_by_the_same_factor():
    rates = np.array(rates_to_try(1e-5, 1.0, 6))
    np.testing.assert_allclose(rates[1:] / rates[:-1], 10.0)
    assert (rates[0], rates[-1]) == (1e-5, pytest.approx(1.0))


def test_losses_are_smoothed_by_a_mean_whose_weights_fall_and_add_up_to_one():
    losses = np.random.default_rng(0).random(7)
    weights = 0.9 ** np.arange(7)[::-1]
    assert smooth(losses)[-1] == pytest.approx(float((weights * losses).sum() / weights.sum()))
    assert smooth([2.0] * 5) == pytest.approx([2.0] * 5)


def test_a_tenth_of_the_rate_at_which_the_loss_is_lowest_is_suggested():
    rates = rates_to_try(1e-6, 1.0, 100)
    exponents = np.log10(rates)
    losses = tuple(1 + (exponents + 2) ** 2 / 10)  # lowest at 0.01
    assert suggested_rate(rates, losses) == 0.001
    assert "a tenth of that" in RateCurve("head", rates, losses).sentence


def test_where_no_rate_lowers_the_loss_there_is_no_suggestion():
    curve = RateCurve("stages", rates_to_try(1e-6, 1.0, 20), tuple(np.linspace(1, 2, 20)))
    assert curve.suggestion is None
    assert curve.sentence == "No rate made the loss of the stages that are freed fall clearly: keep the one there is."
    assert RateCurve("head", (), ()).suggestion is None


def test_it_ends_where_the_loss_shoots_up():
    assert not has_diverged([1.0, 0.9, 1.2])
    assert has_diverged([1.0, 0.5, 60.0])
    assert has_diverged([1.0, float("inf")])
