"""The verdict in plain words: which, since when, by how much, and one thing to do about it."""

import math
from collections.abc import Sequence

from core.evaluation.trial import Trial
from core.evaluation.verdict import (
    FEWEST_IMAGES,
    EpochScores,
    EpochTrend,
    Reference,
    Verdict,
    VerdictKind,
    is_below_head_only,
    is_finite,
    since_epoch,
    trends,
    verdict_kind,
)
from core.plans import Advice, is_simple


def verdict(history: Sequence[EpochScores], reference: Reference, loss_is_finite: bool = True) -> Verdict:
    """What one task's curves say so far; `history` has one entry per epoch, from the first on.

    loss_is_finite: False when a training step's loss was not a number, which ends a run before its epoch does.
    """
    if not loss_is_finite or not all(is_finite(scores) for scores in history):
        return _not_a_number(history)
    if not history:
        remedy = "Train again, and let at least two epochs end." if reference.ended else "Wait for the second epoch."
        return Verdict("too early", "Too early to tell", "No epoch has ended.", remedy, advice=("more epochs",))
    found = trends(history, reference.epochs_planned)
    kinds = [verdict_kind(trend, reference) for trend in found]
    return _WORDS[kinds[-1]](found[-1], reference, since_epoch(kinds, found[-1].best_epoch))


def _not_a_number(history: Sequence[EpochScores]) -> Verdict:
    finite = next((index for index, scores in enumerate(history) if not is_finite(scores)), len(history))
    return Verdict(
        "unstable",
        "Unstable",
        f"In epoch {finite + 1} the loss stopped being a number: the learning rate is too high.",
        "Train again with a tenth of the learning rates.",
        finite + 1,
        ("a tenth of the rates",),
    )


def _too_early(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    if trend.scores.validation_images < FEWEST_IMAGES:
        return _few_photos(trend, reference, since)
    if is_simple(reference.head_kind):
        return _computed_at_once(trend, reference, since)
    sentence = "One epoch has ended; it takes two to see a direction."
    remedy = "Wait for the second epoch." if _goes_on(trend, reference) else "Train again with more epochs."
    return Verdict("too early", "Too early to tell", sentence, remedy, since, ("more epochs",))


def _computed_at_once(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    sentence = "This head is computed from all photos in one go, so there are no epochs to compare."
    if reference.head_kind == "nearest_neighbors":
        sentence += " Each training photo is its own nearest neighbour, so figures on training photos say nothing."
    more, advice = _more_photos(reference.trial), _if_more_photos_help(reference.trial)
    remedy = more or "The heads side by side, on the plan page, say whether another one is better."
    return Verdict("too early", "Computed at once", sentence, remedy, since, advice)


def _few_photos(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    images, trial = trend.scores.validation_images, reference.trial
    there_are = {0: "There are no validation photos", 1: "There is only 1 validation photo"}
    sentence = (
        f"{there_are.get(images, f'There are only {images} validation photos')}; "
        f"with fewer than {FEWEST_IMAGES} the curves say more about chance than about the model."
    )
    title, remedy = "Can't tell", "Add photos, or give validation a larger share when you split them again."
    if trial:
        title = "Too few photos for the curves"
        sentence += (
            f" Cross-validation says more: new heads on this network's features, each asked about photos that it did "
            f"not learn from, named {trial.accuracy.text} of {trial.photos} training and validation photos right."
        )
        remedy = f"{_more_photos(trial)} {remedy}".strip()
    return Verdict("too early", title, sentence, remedy, since, ("more photos",))


def _still_learning(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    sentence = (
        f"Validation loss has been falling since epoch {max(since - 1, 1)}; over {_lately(trend)} it fell by "
        f"{_amount(-trend.change, trend.change_error)}, to {_loss(trend.scores.validation_loss)}."
    )
    left = reference.epochs_planned - trend.epoch
    go_on = f"Let it go on: {left} more {'epoch is' if left == 1 else 'epochs are'} planned."
    remedy = go_on if _goes_on(trend, reference) else "Train again with more epochs: there is more in it."
    return Verdict("still learning", "Still learning", sentence, remedy, since, ("more epochs",))


def _levelled_off(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    sentence = f"{_flat(trend, since)} "
    if trend.gap_is_wide:
        gap = _amount(trend.scores.gap, trend.scores.gap_error)
        sentence += f"Training loss is lower by {gap}, but that gap has cost nothing so far."
    else:
        sentence += "Training loss is hardly lower: nothing is learned by heart."
    more, advice = _more_photos(reference.trial), _if_more_photos_help(reference.trial)
    remedy = f"{'Let it finish: the' if _goes_on(trend, reference) else 'The'} best epoch is kept. {more}".strip()
    return Verdict("levelled off", "Levelled off", sentence, remedy, since, advice)


def _overfitting(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    scores, best = trend.scores, trend.best
    sentence = (
        f"Since epoch {since} validation loss lies above its best ({_loss(best.validation_loss)} in epoch "
        f"{trend.best_epoch}), now by {_amount(scores.rise, scores.rise_error)}, while training loss fell from "
        f"{_loss(best.train_loss)} to {_loss(scores.train_loss)}: it learns its photos by heart."
    )
    if trend.is_falling:
        sentence += " Lately it is falling again."
    if not _goes_on(trend, reference):
        calmer = "freeze more stages" if reference.can_freeze else "use dropout before the head"
        remedy = f"The best epoch is what was kept. To learn less by heart, {calmer}."
    elif trend.is_falling:
        remedy = "Give it a few more epochs; the best one is kept whatever happens."
    else:
        calmer = "more stages frozen" if reference.can_freeze else "dropout before the head"
        remedy = f"Stop: the best epoch is kept. Then try again with {calmer}."
    advice: Advice = "freeze more" if reference.can_freeze else "dropout"
    remedy = f"{remedy} {_more_photos(reference.trial)}".strip()
    of_photos = _if_more_photos_help(reference.trial)
    return Verdict("overfitting", "Overfitting", sentence, remedy, since, (advice, *of_photos))


def _memorised(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    scores, best = trend.scores, trend.best
    score = reference.kind.score_in_words(scores.train_accuracy)
    sentence = (
        f"Since epoch {since} it knows its training photos by heart ({score} right, loss lower by "
        f"{_amount(scores.gap, scores.gap_error)}), but validation loss has not risen beyond its margin: "
        f"{_amount(scores.rise, scores.rise_error)} above its best ({_loss(best.validation_loss)} in epoch "
        f"{trend.best_epoch})."
    )
    remedy = f"Nothing needs mending. {_more_photos(reference.trial)}".strip()
    advice = _if_more_photos_help(reference.trial)
    return Verdict("memorised, harmlessly", "Memorised, harmlessly", sentence, remedy, since, advice)


def _underfitting(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    in_words = reference.kind.score_in_words
    advice: tuple[Advice, ...]
    if is_below_head_only(trend.scores, reference):
        assert reference.head_only_accuracy is not None
        reason = f"fewer than with the head alone ({in_words(reference.head_only_accuracy)})"
        remedy = "Train again with a tenth of the rate for the pretrained stages: they lost what they knew."
        advice = ("a tenth of the stage rates",)
    else:
        assert reference.levels.guessing is not None
        reason = f"where guessing gets {in_words(reference.levels.guessing)}"
        ways: dict[Advice, str] = {}
        if reference.can_unfreeze:
            ways["free one more"] = "let more stages learn"
        if reference.has_head_rate:
            ways["a higher head rate"] = "train again with a higher learning rate of the head"
        remedy = f"{', or '.join(ways.values()) or 'try another pretrained network'}."
        remedy = remedy[0].upper() + remedy[1:]
        advice = tuple(ways)
    fit = reference.kind.training_fit_in_words(trend.scores.train_accuracy)
    sentence = f"{_flat(trend, since)} Even {fit}, {reason}."
    return Verdict("underfitting", "Underfitting", sentence, remedy, since, advice)


def _unstable(trend: EpochTrend, reference: Reference, since: int) -> Verdict:
    scores, best = trend.scores, trend.best
    if trend.jumped:
        then = scores.validation_loss - trend.jump
        sentence = (
            f"In epoch {trend.epoch} validation loss jumped from {_loss(then)} to {_loss(scores.validation_loss)}, by "
            f"{trend.jump_errors:.0f} times its standard error: the learning rate is too high."
        )
    else:
        sentence = (
            f"Since epoch {since} validation loss lies above its best ({_loss(best.validation_loss)} in epoch "
            f"{trend.best_epoch}), now by {_amount(scores.rise, scores.rise_error)}, and training loss rose, too, from "
            f"{_loss(best.train_loss)} to {_loss(scores.train_loss)}: the learning rate is too high."
        )
    remedy = "Train again with a third of the learning rates; the best epoch so far is kept."
    return Verdict("unstable", "Unstable", sentence, remedy, since, ("a third of the rates",))


_WORDS = {
    "too early": _too_early,
    "still learning": _still_learning,
    "levelled off": _levelled_off,
    "overfitting": _overfitting,
    "memorised, harmlessly": _memorised,
    "underfitting": _underfitting,
    "unstable": _unstable,
}


def _flat(trend: EpochTrend, since: int) -> str:
    level, best = _loss(trend.scores.validation_loss), trend.best
    if trend.is_above_best:  # while training loss stayed, or it would be another verdict
        rise = _amount(trend.scores.rise, trend.scores.rise_error)
        return (
            f"Validation loss has levelled off since epoch {since}, at {level}: {rise} above its best "
            f"({_loss(best.validation_loss)} in epoch {trend.best_epoch}), while training loss stayed about the same."
        )
    amount = _amount(abs(trend.change), trend.change_error)
    if not trend.moved:
        moved = f"changed by {_amount(trend.change, trend.change_error, sign=True)}, no more than chance would"
    elif trend.change > 0:
        moved = f"rose by {amount}, but is still about as low as its best"
    else:
        moved = f"fell by {amount}, too little to matter"
    return f"Validation loss has levelled off since epoch {since}, at {level}: over {_lately(trend)} it {moved}."


def _more_photos(trial: Trial | None) -> str:
    """What the curve over the number of photos says where it still rises; "" where it does not, or is not known."""
    if trial is None or not trial.more_photos_help:
        return ""
    margin = 100 * 1.96 * trial.gain_error
    points = f"{100 * trial.gain:.1f} ± {margin:.1f} points"
    return f"More photos would help: with half of them a new head named {points} fewer right."


def _if_more_photos_help(trial: Trial | None) -> tuple[Advice, ...]:
    return ("more photos",) if trial and trial.more_photos_help else ()


def _lately(trend: EpochTrend) -> str:
    return f"the last {_epochs(trend.change_epochs)}"


def _goes_on(trend: EpochTrend, reference: Reference) -> bool:
    return trend.epoch < reference.epochs_planned and not reference.ended


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else f"{count} epochs"


def _loss(value: float) -> str:
    return f"{value:.{_digits(value)}f}"


def _amount(value: float, error: float, sign: bool = False) -> str:
    """A difference with its 95 % margin, both to the digits that the margin deserves."""
    margin = 1.96 * error
    digits = _digits(margin)
    plus = "+" if sign else ""
    return f"{value:{plus}z.{digits}f} ± {margin:.{digits}f}"


def _digits(value: float) -> int:
    """Two decimals, more where the first figure that is not zero comes later."""
    if value == 0 or not math.isfinite(value):
        return 2
    return min(max(2, -math.floor(math.log10(abs(value)))), 6)


_PLAIN: dict[VerdictKind, str] = {
    "still learning": "It still gets better at photos that it has not seen.",
    "levelled off": "It gets neither better nor worse any more at photos that it has not seen.",
    "overfitting": "It learns the training photos by heart, and gets worse at others.",
    "memorised, harmlessly": "It knows the training photos by heart, and is no worse at others for it.",
    "underfitting": "It has learned little of what these photos show.",
    "unstable": "It jumps about instead of getting better.",
}


def in_plain_words(found: Verdict) -> str:
    """What a verdict means without a figure; of one that came too early, why."""
    return _PLAIN.get(found.kind, found.sentence)
