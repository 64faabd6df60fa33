"""Overfitting, defined: which of seven verdicts the loss curves give, epoch by epoch. Its words are in `wording`.

Every comparison is against two standard errors, paired image by image where the losses are known so, and against an
effect worth the word: with thousands of photos, a difference that changes nothing is significant, too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.evaluation.trial import SIGNIFICANT_ERRORS, Trial
from core.plans import Advice, HeadKind
from core.tasks import LabelKind, ScoreLevels


@dataclass(frozen=True)
class EpochScores:
    """One task's scores at an epoch's end, in evaluation mode, without augmentation; losses are means per image.

    The loss and the score of an image are those of the task's kind of label: of classes, cross-entropy in nats and
    whether the answer is right. validation_accuracy, train_accuracy: mean scores, the higher the better.

    gap = validation_loss - train_loss with its standard error; rise = mean over validation images of
    [loss - loss at the best epoch so far] with its paired standard error (0, 0 at the best epoch itself).
    change = mean over validation images of [loss - loss `change_epochs` epochs ago] with its paired standard error;
    None where the earlier losses are not known image by image.
    """

    validation_loss: float
    validation_loss_error: float
    validation_accuracy: float
    validation_images: int
    train_loss: float
    train_loss_error: float
    train_accuracy: float
    train_images: int
    gap: float
    gap_error: float
    rise: float
    rise_error: float
    change: float | None = None
    change_error: float | None = None
    change_epochs: int = 0


VerdictKind = Literal[
    "too early",
    "still learning",
    "levelled off",
    "overfitting",
    "memorised, harmlessly",
    "underfitting",
    "unstable",
]


@dataclass(frozen=True)
class Verdict:
    """What the curves say. epoch: the one since which it is so, counted from 1, or None before there is any.

    remedy: what to do about it, in words. advice: the same for a button, the first choice first; empty where there is
    nothing to do.
    """

    kind: VerdictKind
    title: str
    sentence: str
    remedy: str
    epoch: int | None = None
    advice: tuple[Advice, ...] = ()


LEAST_EFFECT = 0.02  # of the loss: what fell or rose by less has not moved
JUMP_ERRORS = 10.0
FEWEST_EPOCHS = 2
FEWEST_IMAGES = 30
TIMES_GUESSING = 1.5
ROUNDING = 1e-6  # losses are float32: a difference below this is arithmetic, however sure its sign


@dataclass(frozen=True)
class Reference:
    """What an epoch's scores are held against, and what may be advised.

    levels: scores of guessing and of knowing the photos by heart. epochs_planned: of all phases together.
    head_only_accuracy: clean training score that the head alone reached before stages were unfrozen, where there was
    such a phase. trial: of a new head on the features of a frozen network, where there was one. ended: no further epoch
    will come, planned or not. can_freeze, can_unfreeze: whether there are stages that are trained at some time, and
    such as never are; has_head_rate: whether the head ever learns in steps: no advice is given that cannot be followed.
    head_kind: a simple head is computed at once, so there is one epoch and no direction to see.
    """

    kind: LabelKind
    levels: ScoreLevels
    epochs_planned: int
    head_only_accuracy: float | None = None
    trial: Trial | None = None
    ended: bool = False
    can_freeze: bool = True
    can_unfreeze: bool = True
    has_head_rate: bool = True
    head_kind: HeadKind = "linear"


@dataclass(frozen=True)
class EpochTrend:
    """One epoch seen against those before it.

    scores: of this epoch, counted from 1. best: of the one with the lowest validation loss so far, `best_epoch`.
    change: validation loss minus that of `change_epochs` epochs ago, with its standard error.
    jump: validation loss minus that of one epoch ago; jump_errors: in standard errors of the earlier loss.
    """

    epoch: int
    scores: EpochScores
    best: EpochScores
    best_epoch: int
    change: float
    change_error: float
    change_epochs: int
    jump: float
    jump_error: float
    jump_errors: float

    @property
    def is_falling(self) -> bool:
        """The validation loss fell over the last epochs, significantly and by enough."""
        before = self.scores.validation_loss - self.change
        return _is_an_effect(-self.change, self.change_error, before)

    @property
    def moved(self) -> bool:
        """The validation loss fell or rose significantly over the last epochs, by however little."""
        return _is_significant(abs(self.change), self.change_error)

    @property
    def is_above_best(self) -> bool:
        """The validation loss is above its best, significantly and by enough."""
        return _is_an_effect(self.scores.rise, self.scores.rise_error, self.best.validation_loss)

    @property
    def gap_is_wide(self) -> bool:
        """The validation loss is above the clean training loss, significantly and by enough."""
        return _is_an_effect(self.scores.gap, self.scores.gap_error, self.scores.validation_loss)

    @property
    def fits_better(self) -> bool:
        """The clean training loss fell since the best epoch, by enough; it is of the same photos each time."""
        return _is_an_effect(self.best.train_loss - self.scores.train_loss, 0.0, self.best.train_loss)

    @property
    def fits_worse(self) -> bool:
        """The clean training loss rose since the best epoch, by enough."""
        return _is_an_effect(self.scores.train_loss - self.best.train_loss, 0.0, self.best.train_loss)

    @property
    def jumped(self) -> bool:
        """The validation loss exploded within one epoch."""
        # Ten errors of the loss as it was: a loss that explodes also explodes its own error, which would hide it.
        # The second half asks that the jump is not the work of one photo when all losses were near zero.
        return self.jump_errors > JUMP_ERRORS and _is_significant(self.jump, self.jump_error)


def window_epochs(epochs_planned: int) -> int:
    """How many epochs back a change is measured: a seventh of the plan, at least two."""
    return max(2, math.ceil(0.15 * epochs_planned))


def trends(history: Sequence[EpochScores], epochs_planned: int) -> list[EpochTrend]:
    """Every epoch of the history, compared with those before it."""
    window, best, found = window_epochs(epochs_planned), 0, []
    for index, scores in enumerate(history):
        if scores.validation_loss < history[best].validation_loss:
            best = index
        lag = min(window, index)
        change, change_error = _change(history, index, lag, best)
        previous = history[max(index - 1, 0)]
        jump, jump_error = _difference(scores, previous)
        found.append(
            EpochTrend(
                epoch=index + 1,
                scores=scores,
                best=history[best],
                best_epoch=best + 1,
                change=change,
                change_error=change_error,
                change_epochs=lag,
                jump=jump,
                jump_error=jump_error,
                jump_errors=jump / previous.validation_loss_error if previous.validation_loss_error > 0 else 0.0,
            )
        )
    return found


def verdict_kind(trend: EpochTrend, reference: Reference) -> VerdictKind:
    """Which of the seven it is. They overlap; the order below is that of what a user must know first."""
    scores, levels = trend.scores, reference.levels
    if not is_finite(scores):
        return "unstable"
    if trend.epoch < FEWEST_EPOCHS or scores.validation_images < FEWEST_IMAGES:
        return "too early"
    if trend.jumped:
        return "unstable"
    if trend.is_above_best and trend.fits_better:
        return "overfitting"
    if trend.is_falling:
        return "still learning"
    if trend.is_above_best and trend.fits_worse:  # on training photos, too: steps overshoot, nothing is memorised
        return "unstable"
    if levels.memorised is not None and scores.train_accuracy >= levels.memorised and trend.gap_is_wide:
        return "memorised, harmlessly"
    guesses = levels.guessing is not None and scores.train_accuracy < TIMES_GUESSING * levels.guessing
    return "underfitting" if guesses or is_below_head_only(scores, reference) else "levelled off"


def is_finite(scores: EpochScores) -> bool:
    """Whether both losses are numbers; a split without photos has none that could be otherwise."""
    losses = [scores.train_loss] if scores.train_images else []
    losses += [scores.validation_loss] if scores.validation_images else []
    return all(math.isfinite(loss) for loss in losses)


def is_below_head_only(scores: EpochScores, reference: Reference) -> bool:
    """Whether the network fits its photos worse than the head alone did."""
    return reference.head_only_accuracy is not None and scores.train_accuracy < reference.head_only_accuracy


def since_epoch(kinds: Sequence[VerdictKind], best_epoch: int) -> int:
    """The epoch, from 1, since which the last of `kinds` (one per epoch) holds.

    Overfitting began when it was first found after the best epoch: one epoch in between that lay within its margin
    does not make it a new story. All else began with the unbroken stretch at the end.
    """
    if kinds[-1] == "overfitting":
        return kinds.index("overfitting", best_epoch) + 1
    return next((index + 2 for index in range(len(kinds) - 2, -1, -1) if kinds[index] != kinds[-1]), 1)


def _is_significant(difference: float, error: float) -> bool:
    return difference > SIGNIFICANT_ERRORS * error and difference > ROUNDING


def _is_an_effect(difference: float, error: float, loss: float) -> bool:
    """Significant, and at least LEAST_EFFECT of the loss that it is a difference to."""
    return _is_significant(difference, error) and difference >= LEAST_EFFECT * loss


def _change(history: Sequence[EpochScores], index: int, lag: int, best: int) -> tuple[float, float]:
    """The change over `lag` epochs and its standard error: paired where known, else as if of different photos."""
    scores = history[index]
    if scores.change is not None and scores.change_error is not None and scores.change_epochs == lag:
        return scores.change, scores.change_error
    if best == index - lag and best != index:
        return scores.rise, scores.rise_error
    return _difference(scores, history[index - lag])


def _difference(scores: EpochScores, previous: EpochScores) -> tuple[float, float]:
    error = math.hypot(scores.validation_loss_error, previous.validation_loss_error)
    return scores.validation_loss - previous.validation_loss, error
