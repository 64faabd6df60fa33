"""The verdict in plain words: which, since when, by how much, and one thing to do about it."""

import math
from collections.abc import Sequence

from core.evaluation.verdict import (
    FEWEST_IMAGES,
    EpochScores,
    EpochTrend,
    Reference,
    Verdict,
    began,
    is_finite,
    is_under_head_alone,
    kind_of,
    standings,
)


def verdict(
    history: Sequence[EpochScores],
    loss_is_finite: bool = True,
    *,
    chance: float,
    epochs_planned: int,
    head_only_accuracy: float | None = None,
    ended: bool = False,
    can_freeze: bool = True,
    can_free: bool = True,
) -> Verdict:
    """What one task's curves say so far; `history` has one entry per epoch, from the first on.

    loss_is_finite: False when a training step's loss was not a number, which ends a run before its epoch does.
    ended: the run is over, so nothing is left to wait for. The rest is as in `Reference`.
    """
    if not loss_is_finite or not all(is_finite(scores) for scores in history):
        return _not_a_number(history)
    if not history:
        remedy = "Train again, and let at least two epochs end." if ended else "Wait for the second epoch."
        return Verdict("too early", "Too early to tell", "No epoch has ended.", remedy)
    yardstick = Reference(chance, epochs_planned, head_only_accuracy, ended, can_freeze, can_free)
    seen = standings(history, epochs_planned)
    kinds = [kind_of(standing, yardstick) for standing in seen]
    since = began(kinds, seen[-1].best_epoch)
    return _WORDS[kinds[-1]](seen[-1], yardstick, since)


def _not_a_number(history: Sequence[EpochScores]) -> Verdict:
    finite = next((at for at, scores in enumerate(history) if not is_finite(scores)), len(history))
    return Verdict(
        "unstable",
        "Unstable",
        f"In epoch {finite + 1} the loss stopped being a number: the learning rate is too high.",
        "Train again with a tenth of the learning rates.",
        finite + 1,
    )


def _too_early(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    images = at.now.validation_images
    if images < FEWEST_IMAGES:
        there_are = {0: "There are no validation photos", 1: "There is only 1 validation photo"}
        sentence = (
            f"{there_are.get(images, f'There are only {images} validation photos')}; "
            f"with fewer than {FEWEST_IMAGES} the curves say more about chance than about the model."
        )
        remedy = "Add photos, or give validation a larger share when you split them again."
        return Verdict("too early", "Can't tell", sentence, remedy, since)
    sentence = "One epoch has ended; it takes two to see a direction."
    remedy = "Wait for the second epoch." if _goes_on(at, yardstick) else "Train again with more epochs."
    return Verdict("too early", "Too early to tell", sentence, remedy, since)


def _still_learning(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    sentence = (
        f"Validation loss has been falling since epoch {max(since - 1, 1)}; over the last {_epochs(at.change_epochs)} "
        f"it fell by {_amount(-at.change, at.change_error)}, to {_loss(at.now.validation_loss)}."
    )
    left = yardstick.epochs_planned - at.epoch
    go_on = f"Let it go on: {left} more {'epoch is' if left == 1 else 'epochs are'} planned."
    remedy = go_on if _goes_on(at, yardstick) else "Train again with more epochs: there is more in it."
    return Verdict("still learning", "Still learning", sentence, remedy, since)


def _levelled_off(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    sentence = f"{_flat(at, since)} "
    if at.gap_is_wide:
        gap = _amount(at.now.gap, at.now.gap_error)
        sentence += f"Training loss is lower by {gap}, but that gap has cost nothing so far."
        helps = "more photos would help more than more epochs."
    else:
        sentence += "Training loss is no lower than its margin: nothing is learned by heart."
        more = "letting one more stage learn" if yardstick.can_free else "a larger network"
        helps = f"{more} would help more than more epochs."
    remedy = f"Let it finish; {helps}" if _goes_on(at, yardstick) else helps.capitalize()
    return Verdict("levelled off", "Levelled off", sentence, remedy, since)


def _overfitting(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    now, best = at.now, at.best
    sentence = (
        f"Since epoch {since} validation loss lies above its best ({_loss(best.validation_loss)} in epoch "
        f"{at.best_epoch}), now by {_amount(now.rise, now.rise_error)}, while training loss fell from "
        f"{_loss(best.train_loss)} to {_loss(now.train_loss)}: it learns its photos by heart."
    )
    if at.fell:
        sentence += " Lately it is falling again."
    if not _goes_on(at, yardstick):
        calmer = "freeze more stages" if yardstick.can_freeze else "use dropout before the head"
        remedy = f"The best epoch is what was kept. For a better model {calmer}, or add photos."
    elif at.fell:
        remedy = "Give it a few more epochs; the best one is kept whatever happens."
    else:
        calmer = "more stages frozen" if yardstick.can_freeze else "dropout before the head"
        remedy = f"Stop: the best epoch is kept. Then try again with {calmer}, or with more photos."
    return Verdict("overfitting", "Overfitting", sentence, remedy, since)


def _memorised(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    now = at.now
    sentence = (
        f"Since epoch {since} it knows its training photos by heart ({_percent(now.train_accuracy)} right, loss "
        f"lower by {_amount(now.gap, now.gap_error)}), but validation loss has not risen beyond its "
        f"margin: {_amount(now.rise, now.rise_error)} above its best ({_loss(at.best.validation_loss)} in epoch "
        f"{at.best_epoch})."
    )
    remedy = "Nothing needs mending; only more photos would teach it more."
    return Verdict("memorised, harmlessly", "Memorised, harmlessly", sentence, remedy, since)


def _underfitting(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    accuracy = _percent(at.now.train_accuracy)
    if is_under_head_alone(at.now, yardstick):
        assert yardstick.head_only_accuracy is not None
        reason = f"fewer than with the head alone ({_percent(yardstick.head_only_accuracy)})"
        remedy = "Train again with a tenth of the rate for the pretrained stages: they lost what they knew."
    else:
        reason = f"where guessing gets {_percent(yardstick.chance)}"
        other = "Let more stages learn" if yardstick.can_free else "Choose a larger network"
        remedy = f"{other}, or raise the learning rate of the head."
    sentence = f"{_flat(at, since)} Even of the photos it learned from it gets only {accuracy} right, {reason}."
    return Verdict("underfitting", "Underfitting", sentence, remedy, since)


def _unstable(at: EpochTrend, yardstick: Reference, since: int) -> Verdict:
    now, best = at.now, at.best
    if at.jumped:
        then = now.validation_loss - at.jump
        sentence = (
            f"In epoch {at.epoch} validation loss jumped from {_loss(then)} to {_loss(now.validation_loss)}, by "
            f"{at.jump_errors:.0f} times its standard error: the learning rate is too high."
        )
    else:
        sentence = (
            f"Since epoch {since} validation loss lies above its best ({_loss(best.validation_loss)} in epoch "
            f"{at.best_epoch}), now by {_amount(now.rise, now.rise_error)}, and training loss rose, too, from "
            f"{_loss(best.train_loss)} to {_loss(now.train_loss)}: the learning rate is too high."
        )
    remedy = "Train again with a third of the learning rates; the best epoch so far is kept."
    return Verdict("unstable", "Unstable", sentence, remedy, since)


_WORDS = {
    "too early": _too_early,
    "still learning": _still_learning,
    "levelled off": _levelled_off,
    "overfitting": _overfitting,
    "memorised, harmlessly": _memorised,
    "underfitting": _underfitting,
    "unstable": _unstable,
}


def _flat(at: EpochTrend, since: int) -> str:
    if at.rose:  # against the best epoch it is within the margin, or it would be another verdict
        moved = f"rose by {_amount(at.change, at.change_error)}, but is still within its margin of the best"
    else:
        moved = f"changed by {_amount(at.change, at.change_error, sign=True)}, no more than chance would"
    level = _loss(at.now.validation_loss)
    return f"Validation loss has levelled off since epoch {since}, at {level}: over {_lately(at)} it {moved}."


def _lately(at: EpochTrend) -> str:
    return f"the last {_epochs(at.change_epochs)}"


def _goes_on(at: EpochTrend, yardstick: Reference) -> bool:
    return at.epoch < yardstick.epochs_planned and not yardstick.ended


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else f"{count} epochs"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


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
