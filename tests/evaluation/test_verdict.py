"""The table of verdicts, row by row, from made-up curves whose statistics are known."""

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from core.evaluation import (
    EpochScores,
    Reference,
    Verdict,
    append_losses,
    empty_history,
    epoch_scores,
    in_plain_words,
    verdict,
    window_epochs,
)
from core.evaluation.trial import Trial
from core.evaluation.verdict import VerdictKind
from core.tasks import KINDS

IMAGES = 200
ERROR = 0.05  # of every mean loss below


def history(
    validation: list[float],
    train: list[float] | None = None,
    *,
    accuracy: float = 0.8,
    images: int = IMAGES,
    paired_error: float = 0.01,
    pairs_kept: bool = True,
    epochs: int = 10,
) -> list[EpochScores]:
    """Scores with these mean losses; every loss has the standard error ERROR, every paired change `paired_error`."""
    train = train if train is not None else validation
    window = window_epochs(epochs)
    scores = []
    for at, (loss, train_loss) in enumerate(zip(validation, train, strict=True)):
        best = min(validation[: at + 1])
        lag = min(window, at)
        scores.append(
            EpochScores(
                validation_loss=loss,
                validation_loss_error=ERROR,
                validation_accuracy=0.7,
                validation_images=images,
                train_loss=train_loss,
                train_loss_error=ERROR,
                train_accuracy=accuracy,
                train_images=images,
                gap=loss - train_loss,
                gap_error=ERROR * math.sqrt(2),
                rise=loss - best,
                rise_error=paired_error if loss > best else 0.0,
                change=loss - validation[at - lag] if lag and pairs_kept else None,
                change_error=paired_error if lag and pairs_kept else None,
                change_epochs=lag if pairs_kept else 0,
            )
        )
    return scores


def judge(
    scores: list[EpochScores], epochs: int = 10, loss_is_finite: bool = True, **more: float | bool | str
) -> Verdict:
    kind = KINDS["classes"]
    reference = Reference(kind, kind.score_levels(10), epochs, **more)  # type: ignore[arg-type]
    return verdict(scores, reference, loss_is_finite)


def test_before_the_first_epoch_it_is_too_early():
    assert judge([]).kind == "too early"


def test_in_plain_words_no_verdict_has_a_figure_and_one_that_came_too_early_says_why():
    for kind in get_args(VerdictKind):
        plain = in_plain_words(Verdict(kind, "", "Why: 3 ± 1.", ""))
        assert (plain == "Why: 3 ± 1.") == (kind == "too early")
        assert kind == "too early" or not any(letter.isdigit() for letter in plain)


def test_one_epoch_is_too_early():
    said = judge(history([1.0]))
    assert said.kind == "too early"
    assert said.sentence == "One epoch has ended; it takes two to see a direction."


def test_a_head_that_is_computed_at_once_has_no_direction_and_needs_no_more_epochs():
    for kind, says_more in (("linear_svm", False), ("nearest_neighbors", True)):
        said = judge(history([1.0]), epochs=1, head_kind=kind)
        assert (said.kind, said.title, said.advice) == ("too early", "Computed at once", ())
        assert "epochs" not in said.remedy
        assert ("its own nearest neighbour" in said.sentence) == says_more


def test_29_validation_images_are_too_few_and_it_says_so():
    said = judge(history([1.0, 0.5, 0.3], images=29))
    assert said.kind == "too early"
    assert "only 29 validation photos" in said.sentence
    assert "larger share" in said.remedy


def test_30_validation_images_are_enough():
    assert judge(history([1.0, 0.5, 0.3], images=30)).kind == "still learning"


def test_without_validation_photos_it_says_that_there_are_none():
    empty = np.empty(0)
    some = np.full(40, 0.5)
    scores = [epoch_scores(empty, empty, some, some > 0)] * 3
    assert "no validation photos" in judge(scores).sentence


def test_a_falling_loss_is_still_learning():
    said = judge(history([1.0, 0.8, 0.65, 0.55]))
    assert said.kind == "still learning"
    assert said.sentence == (
        "Validation loss has been falling since epoch 1; over the last 2 epochs it fell by 0.25 ± 0.02, to 0.55."
    )
    assert said.remedy == "Let it go on: 6 more epochs are planned."


def test_a_loss_that_still_falls_at_the_last_epoch_asks_for_more_epochs():
    assert "more epochs" in judge(history([1.0, 0.8, 0.65, 0.55]), epochs=4).remedy
    assert "more epochs" in judge(history([1.0, 0.8, 0.65, 0.55]), ended=True).remedy


@pytest.mark.parametrize(("fall", "kind"), [(0.0201, "still learning"), (0.0199, "levelled off")])
def test_a_fall_counts_from_two_paired_standard_errors_on(fall: float, kind: str):
    scores = history([0.50, 0.50, 0.50 - fall / 2, 0.50 - fall], paired_error=0.01)
    assert judge(scores).kind == kind


@pytest.mark.parametrize(("fall", "kind"), [(0.145, "still learning"), (0.135, "levelled off")])
def test_without_pairs_the_errors_of_both_epochs_count(fall: float, kind: str):
    scores = history([0.50, 0.50, 0.49, 0.50 - fall], pairs_kept=False)  # 2 * 0.05 * sqrt(2) = 0.141
    assert judge(scores).kind == kind


def test_the_window_reaches_back_15_percent_of_the_epochs():
    slow = [1.0 - 0.005 * epoch for epoch in range(30)]
    assert judge(history(slow, epochs=100), epochs=100).kind == "still learning"  # 0.075 over 15 epochs
    assert judge(history(slow, epochs=10), epochs=10).kind == "levelled off"  # 0.01 over 2


def test_a_flat_loss_has_levelled_off_and_says_since_when():
    said = judge(history([1.0, 0.7, 0.56, 0.55, 0.56, 0.555], [1.0, 0.6, 0.5, 0.4, 0.35, 0.3]))
    assert said.kind == "levelled off"
    assert said.epoch == 5
    assert said.sentence == (
        "Validation loss has levelled off since epoch 5, at 0.56: over the last 2 epochs it changed by +0.01 ± 0.02, "
        "no more than chance would. Training loss is lower by 0.26 ± 0.14, but that gap has cost nothing so far."
    )
    assert (said.remedy, said.advice) == ("Let it finish: the best epoch is kept.", ())


def test_a_flat_loss_is_no_reason_to_change_anything():
    said = judge(history([0.5] * 5), ended=True)
    assert (said.kind, said.remedy, said.advice) == ("levelled off", "The best epoch is kept.", ())


HELPED = Trial(photos=200, right=170, gain=0.05, gain_error=0.02)


@pytest.mark.parametrize(
    "scores",
    [
        history([0.5] * 5),
        history([1.0, 0.7, 0.50, 0.51, 0.55, 0.62], [1.0, 0.7, 0.4, 0.3, 0.25, 0.2]),
        history([0.5, 0.4, 0.40, 0.41], [0.4, 0.1, 0.05, 0.02], accuracy=0.992),
    ],
)
def test_more_photos_are_advised_where_half_of_them_taught_less_and_nowhere_else(scores):
    said = judge(scores, trial=HELPED)
    assert "More photos would help: with half of them a new head named 5.0 ± 3.9 points fewer right." in said.remedy
    assert said.advice[-1] == "more photos"
    for trial in (None, replace(HELPED, gain_error=0.026), replace(HELPED, gain=0.009, gain_error=0.001)):
        said = judge(scores, trial=trial)
        assert "more photos" not in (*said.advice, said.remedy.lower())


def test_with_few_validation_photos_cross_validation_says_how_good_it_is():
    said = judge(history([1.0, 0.5, 0.3], images=20), trial=Trial(140, 119, 0.0, 0.02))
    assert (said.kind, said.title) == ("too early", "Too few photos for the curves")
    assert "named 85.0 % ± 5.9 of 140 training and validation photos right." in said.sentence


@pytest.mark.parametrize(("rise", "kind"), [(0.011, "overfitting"), (0.009, "levelled off")])
def test_a_rise_counts_from_a_fiftieth_of_the_loss_on(rise: float, kind: str):
    scores = history([0.6, 0.5, 0.5, 0.5 + rise], [0.6, 0.5, 0.45, 0.4], paired_error=0.001)
    assert judge(scores).kind == kind


def test_a_loss_that_rose_by_next_to_nothing_is_no_overfitting():
    said = judge(history([0.60, 0.450, 0.451, 0.456], [0.6, 0.450, 0.449, 0.448], paired_error=0.0029), ended=True)
    assert said.kind == "levelled off"
    assert "0.006 ± 0.006, but is still about as low as its best" in said.sentence


def test_a_rise_without_a_better_fit_is_no_overfitting():
    said = judge(history([0.6, 0.45, 0.47, 0.48], [0.6, 0.450, 0.449, 0.448]), ended=True)
    assert said.kind == "levelled off"
    assert "above its best (0.45 in epoch 2), while training loss stayed about the same" in said.sentence


@pytest.mark.parametrize(("fall", "kind"), [(0.0105, "still learning"), (0.0095, "levelled off")])
def test_a_fall_counts_from_a_fiftieth_of_the_loss_on(fall: float, kind: str):
    said = judge(history([0.50, 0.50, 0.50 - fall / 2, 0.50 - fall], paired_error=0.001), ended=True)
    assert said.kind == kind
    assert ("more epochs" in said.advice) == (kind == "still learning")


OVERFITS = history([1.0, 0.7, 0.50, 0.51, 0.55, 0.62], [1.0, 0.7, 0.4, 0.3, 0.25, 0.2])


@pytest.mark.parametrize(
    ("scores", "given", "followed", "impossible"),
    [
        (OVERFITS, {"can_freeze": False}, "dropout before the head", "frozen"),
        (OVERFITS, {"can_freeze": False, "ended": True}, "dropout before the head", "freeze"),
        (history([2.3] * 5, accuracy=0.12), {"can_unfreeze": False}, "a higher learning rate of the head", "stage"),
        (history([2.3] * 5, accuracy=0.12), {"has_head_rate": False}, "Let more stages learn.", "rate"),
    ],
)
def test_no_advice_is_given_that_cannot_be_followed(scores, given: dict, followed: str, impossible: str):
    assert (
        impossible in judge(scores, **{**given, "can_freeze": True, "can_unfreeze": True, "has_head_rate": True}).remedy
    )
    said = judge(scores, **given).remedy
    assert followed in said
    assert impossible not in said


FLAT = history([0.5] * 5)
WITH_A_GAP = history([1.0, 0.7, 0.56, 0.55, 0.56, 0.555], [1.0, 0.6, 0.5, 0.4, 0.35, 0.3])


@pytest.mark.parametrize(
    ("said", "advice", "words"),
    [
        (judge([], ended=True), ("more epochs",), "Train again"),
        (judge(history([1.0]), ended=True), ("more epochs",), "Train again with more epochs."),
        (judge(history([1.0, 0.5, 0.3], images=29)), ("more photos",), "Add photos"),
        (judge(history([1.0, 0.8, 0.65, 0.55]), ended=True), ("more epochs",), "with more epochs"),
        (judge(FLAT), (), "the best epoch is kept"),
        (judge(WITH_A_GAP), (), "the best epoch is kept"),
        (judge(OVERFITS), ("freeze more",), "more stages frozen"),
        (judge(OVERFITS, can_freeze=False), ("dropout",), "dropout"),
        (judge(history([2.3] * 5, accuracy=0.12)), ("free one more", "a higher head rate"), "Let more stages learn"),
        (judge(history([0.9] * 5, accuracy=0.6), head_only_accuracy=0.7), ("a tenth of the stage rates",), "a tenth"),
        (judge(history([1.0, 0.8, 2.3])), ("a third of the rates",), "a third"),
        (judge(history([math.nan])), ("a tenth of the rates",), "a tenth"),
    ],
)
def test_the_advice_of_a_button_is_that_of_the_words(said: Verdict, advice: tuple[str, ...], words: str):
    assert said.advice == advice
    assert words in said.remedy


def test_a_rise_while_training_loss_falls_is_overfitting_and_names_the_epoch_it_began():
    said = judge(history([1.0, 0.7, 0.50, 0.51, 0.55, 0.62], [1.0, 0.7, 0.4, 0.3, 0.25, 0.2]))
    assert said.kind == "overfitting"
    assert said.epoch == 5
    assert said.sentence == (
        "Since epoch 5 validation loss lies above its best (0.50 in epoch 3), now by 0.12 ± 0.02, while training loss "
        "fell from 0.40 to 0.20: it learns its photos by heart."
    )
    assert said.remedy.startswith("Stop: the best epoch is kept.")


@pytest.mark.parametrize(("rise", "kind"), [(0.0201, "overfitting"), (0.0199, "levelled off")])
def test_a_rise_counts_from_two_paired_standard_errors_on(rise: float, kind: str):
    scores = history([0.6, 0.5, 0.5, 0.5 + rise], [0.6, 0.5, 0.45, 0.4])
    assert judge(scores).kind == kind


def test_one_epoch_within_the_margin_does_not_make_overfitting_begin_anew():
    validation = [0.6, 0.50, 0.56, 0.515, 0.57]
    said = judge(history(validation, [0.6, 0.5, 0.4, 0.3, 0.2]))
    assert (said.kind, said.epoch) == ("overfitting", 3)


def test_overfitting_before_a_new_best_epoch_is_forgotten():
    validation = [0.6, 0.50, 0.56, 0.40, 0.47]
    said = judge(history(validation, [0.6, 0.5, 0.4, 0.3, 0.2]))
    assert (said.kind, said.epoch) == ("overfitting", 5)


def test_overfitting_that_recovers_is_given_time():
    said = judge(history([0.6, 0.5, 0.8, 0.8, 0.7, 0.65], [0.6, 0.5, 0.4, 0.3, 0.25, 0.2]))
    assert said.kind == "overfitting"
    assert "Lately it is falling again." in said.sentence
    assert "few more epochs" in said.remedy


def test_photos_known_by_heart_without_harm_are_called_so():
    said = judge(history([0.5, 0.4, 0.40, 0.41], [0.4, 0.1, 0.05, 0.02], accuracy=0.992))
    assert said.kind == "memorised, harmlessly"
    assert "99.2 % right" in said.sentence
    assert "0.01 ± 0.02" in said.sentence


def test_98_9_percent_is_not_by_heart():
    assert judge(history([0.5, 0.4, 0.40, 0.40], [0.4, 0.1, 0.05, 0.02], accuracy=0.989)).kind == "levelled off"


def test_without_a_wide_gap_nothing_was_memorised():
    assert judge(history([0.1, 0.02, 0.02, 0.02], [0.1, 0.02, 0.02, 0.02], accuracy=1.0)).kind == "levelled off"


def test_known_by_heart_with_a_rise_is_overfitting():
    assert judge(history([0.5, 0.4, 0.4, 0.5], [0.4, 0.1, 0.05, 0.02], accuracy=1.0)).kind == "overfitting"


@pytest.mark.parametrize(("accuracy", "kind"), [(0.149, "underfitting"), (0.151, "levelled off")])
def test_a_level_near_chance_is_underfitting(accuracy: float, kind: str):
    assert judge(history([2.3] * 5, accuracy=accuracy)).kind == kind


def test_underfitting_says_what_guessing_gets():
    said = judge(history([2.3] * 5, accuracy=0.12))
    assert "only 12.0 % right, where guessing gets 10.0 %." in said.sentence


def test_less_than_the_head_alone_reached_is_underfitting():
    said = judge(history([0.9] * 5, accuracy=0.6), head_only_accuracy=0.7)
    assert said.kind == "underfitting"
    assert "head alone (70.0 %)" in said.sentence
    assert "tenth" in said.remedy


def test_a_model_near_chance_that_still_learns_is_not_underfitting():
    assert judge(history([2.3, 2.2, 2.1, 2.0], accuracy=0.12)).kind == "still learning"


def test_a_loss_that_is_not_a_number_is_unstable_from_the_first_epoch_on():
    said = judge(history([math.nan]))
    assert (said.kind, said.epoch) == ("unstable", 1)


def test_a_step_that_is_not_a_number_is_unstable_even_before_an_epoch_ends():
    said = judge([], loss_is_finite=False)
    assert said.kind == "unstable"
    assert said.sentence == "In epoch 1 the loss stopped being a number: the learning rate is too high."


def test_an_infinite_training_loss_is_unstable_too():
    assert judge(history([1.0, 0.9, 0.8], [1.0, 0.9, math.inf])).epoch == 3


@pytest.mark.parametrize(("jump", "kind"), [(0.51, "unstable"), (0.49, "overfitting")])
def test_a_jump_of_ten_standard_errors_within_one_epoch_is_unstable(jump: float, kind: str):
    scores = history([1.0, 0.8, 0.8 + jump], [1.0, 0.8, 0.7])  # ten times 0.05
    assert judge(scores).kind == kind


def test_a_jump_says_from_where_to_where():
    said = judge(history([1.0, 0.8, 2.3]))
    assert said.sentence == (
        "In epoch 3 validation loss jumped from 0.80 to 2.30, by 30 times its standard error: "
        "the learning rate is too high."
    )


def test_an_exploding_loss_does_not_hide_behind_its_own_error():
    scores = history([0.5, 0.5, 20.0])
    scores[-1] = replace(scores[-1], validation_loss_error=5.0, rise_error=5.0, change_error=5.0)
    assert judge(scores).kind == "unstable"


def test_one_wrong_photo_among_perfect_ones_is_not_a_jump():
    scores = history([0.002, 0.002, 0.013])
    scores = [replace(s, validation_loss_error=0.0004) for s in scores[:2]] + [
        replace(scores[2], validation_loss_error=0.011, rise_error=0.011, change_error=0.011)
    ]
    assert judge(scores).kind == "levelled off"


def test_after_a_jump_a_loss_that_stays_high_remains_unstable():
    said = judge(history([1.0, 0.8, 2.3, 2.3, 2.3, 2.3]))
    assert (said.kind, said.epoch) == ("unstable", 3)
    assert "training loss rose, too, from 0.80 to 2.30" in said.sentence


def test_a_model_that_recovers_from_a_jump_is_learning_again():
    assert judge(history([1.0, 0.8, 2.3, 1.9, 1.5])).kind == "still learning"


def test_a_difference_of_rounding_alone_says_nothing():
    scores = history([0.5, 0.5 + 1e-8, 0.5 + 2e-8], [0.5, 0.4, 0.3], paired_error=1e-10)
    assert judge(scores).kind == "levelled off"


def test_small_numbers_keep_the_digits_that_matter():
    said = judge(history([0.0100, 0.0090, 0.0080, 0.0070], paired_error=0.0001))
    assert "fell by 0.0020 ± 0.0002, to 0.007" in said.sentence


def test_from_per_image_losses_to_the_verdict():
    """Photos differ by far more than epochs do: only pairs can tell that this model got worse."""
    draw = np.random.default_rng(0)
    hardness = draw.gamma(1.0, 0.5, 100)
    kept, scores = empty_history(), []
    for shift, train in zip([0.30, 0.00, 0.02, 0.06], [0.5, 0.4, 0.3, 0.2], strict=True):
        losses = hardness + shift + draw.normal(0, 0.02, 100)
        scores.append(epoch_scores(losses, losses < 1, np.full(100, train), losses < 1, kept.best, kept.recent))
        kept = append_losses(kept, losses, window_epochs(4))
    assert scores[-1].rise < 2 * scores[-1].validation_loss_error
    assert judge(scores, epochs=4).kind == "overfitting"


def test_noise_around_a_level_rarely_passes_for_a_direction():
    draw = np.random.default_rng(1)
    wrong = 0
    for _ in range(200):
        kept, scores = empty_history(), []
        for _epoch in range(3):
            losses = draw.gamma(1.0, 0.5, 60)
            scores.append(epoch_scores(losses, losses < 1, losses, losses < 1, kept.best, kept.recent))
            kept = append_losses(kept, losses, 2)
        wrong += judge(scores, epochs=3).kind != "levelled off"
    assert wrong / 200 < 0.15


@pytest.mark.parametrize("kind", ["overfitting", "levelled off"])
def test_ten_thousand_epochs_are_judged_at_once(kind: str):
    rise = 0.1 if kind == "overfitting" else 0.0
    scores = history([0.5] + [0.5 + rise] * 3_000, [0.5] + [0.4] * 3_000, epochs=10_000)
    assert judge(scores, epochs=10_000).kind == kind
