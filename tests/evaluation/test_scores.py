"""Each definition against its formula, written out here in plain NumPy."""

import math

import numpy as np
import pytest

from core.evaluation import append_losses, empty_history, epoch_scores, window_epochs
from core.evaluation.scores import HISTORY_EPOCHS


def losses(images: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1.0, 0.5, images).astype(np.float32)


def test_means_and_their_standard_errors_are_those_of_the_images():
    validation, train = losses(50, 0), losses(80, 1)
    scores = epoch_scores(validation, validation < 0.5, train, train < 0.5)
    assert scores.validation_loss == pytest.approx(validation.mean())
    assert scores.validation_loss_error == pytest.approx(validation.std(ddof=1) / np.sqrt(50))
    assert scores.train_loss == pytest.approx(train.mean())
    assert scores.train_loss_error == pytest.approx(train.std(ddof=1) / np.sqrt(80))
    assert scores.validation_accuracy == pytest.approx((validation < 0.5).mean())
    assert scores.train_accuracy == pytest.approx((train < 0.5).mean())
    assert (scores.validation_images, scores.train_images) == (50, 80)


def test_the_gap_is_validation_minus_training_and_its_errors_add_in_squares():
    validation, train = losses(50, 0), losses(80, 1)
    scores = epoch_scores(validation, validation < 0.5, train, train < 0.5)
    assert scores.gap == pytest.approx(validation.mean() - train.mean(), abs=1e-6)
    assert scores.gap_error == pytest.approx(np.sqrt(validation.var(ddof=1) / 50 + train.var(ddof=1) / 80), rel=1e-5)


def test_the_rise_is_paired_image_by_image():
    best, train = losses(40, 0), losses(40, 1)
    now = best + np.random.default_rng(2).normal(0.1, 0.02, 40).astype(np.float32)
    scores = epoch_scores(now, now < 0.5, train, train < 0.5, best)
    difference = now.astype(float) - best
    assert scores.rise == pytest.approx(difference.mean())
    assert scores.rise_error == pytest.approx(difference.std(ddof=1) / np.sqrt(40))
    assert scores.rise_error < scores.validation_loss_error / 5  # what pairing is for


def test_at_the_best_epoch_itself_no_rise_is_significant():
    best, train = losses(40, 0), losses(40, 1)
    better = epoch_scores(best - 0.1, best < 0.5, train, train < 0.5, best)
    first = epoch_scores(best, best < 0.5, train, train < 0.5)
    assert (better.rise, better.rise_error, first.rise, first.rise_error) == (0, 0, 0, 0)


def test_the_change_is_paired_with_the_oldest_epoch_that_was_given():
    old, middle, now = losses(40, 0), losses(40, 1), losses(40, 2)
    scores = epoch_scores(now, now < 1, now, now < 1, old, np.stack([old, middle]))
    difference = now.astype(float) - old
    assert scores.change == pytest.approx(difference.mean())
    assert scores.change_error == pytest.approx(difference.std(ddof=1) / np.sqrt(40))
    assert scores.change_epochs == 2


def test_the_same_losses_in_double_precision_have_not_changed():
    now = np.random.default_rng(0).random(40)
    kept = append_losses(empty_history(), now, 2)
    scores = epoch_scores(now, now < 0.5, now, now < 0.5, kept.best, kept.recent)
    assert (scores.change, scores.rise) == (0, 0)


def test_the_first_epoch_has_no_change():
    now = losses(40, 0)
    kept = empty_history()
    scores = epoch_scores(now, now < 1, now, now < 1, kept.best, kept.recent)
    assert (scores.change, scores.change_epochs) == (None, 0)


def test_the_history_keeps_the_window_and_the_best_epoch():
    epochs = [losses(30, seed) + offset for seed, offset in enumerate([0.5, 0.0, 0.3, 0.4])]
    kept = empty_history()
    for row in epochs:
        kept = append_losses(kept, row, 2)
    np.testing.assert_array_equal(kept.recent, np.stack(epochs[2:]))
    np.testing.assert_array_equal(kept.best, epochs[1])
    assert kept.recent.dtype == kept.best.dtype == np.float32


def test_what_is_remembered_shares_no_memory():
    given = losses(3, 0)
    kept = append_losses(empty_history(), given, 2)
    assert not np.shares_memory(kept.best, kept.recent)
    assert not np.shares_memory(kept.best, given)


def test_a_very_long_window_does_not_make_checkpoints_grow_without_end():
    kept = empty_history()
    for _ in range(HISTORY_EPOCHS + 3):
        kept = append_losses(kept, losses(3, 0), 10_000)
    assert len(kept.recent) == HISTORY_EPOCHS


def test_one_image_has_a_loss_but_no_error():
    one = np.array([0.5], np.float32)
    scores = epoch_scores(one, one < 1, one, one < 1)
    assert (scores.validation_loss, scores.validation_loss_error, scores.gap_error) == (0.5, 0, 0)


def test_no_image_has_no_loss():
    none, some = np.empty(0), losses(10, 0)
    scores = epoch_scores(none, none, some, some < 1)
    assert math.isnan(scores.validation_loss)
    assert scores.validation_images == 0


@pytest.mark.filterwarnings("error")
def test_a_loss_that_is_not_a_number_stays_one_without_noise():
    bad = np.array([0.5, np.nan, np.inf], np.float32)
    scores = epoch_scores(bad, bad < 1, bad, bad < 1, bad, bad[None])
    assert math.isnan(scores.validation_loss)


def test_pairs_of_different_images_are_refused():
    with pytest.raises(ValueError, match="same images"):
        epoch_scores(losses(4, 0), losses(4, 0) < 1, losses(4, 0), losses(4, 0) < 1, losses(5, 0) - 5)


@pytest.mark.parametrize(("epochs", "window"), [(1, 2), (10, 2), (14, 3), (20, 3), (100, 15)])
def test_the_window_is_15_percent_of_the_epochs_but_two_at_least(epochs: int, window: int):
    assert window_epochs(epochs) == window
