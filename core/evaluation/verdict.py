"""Overfitting, defined: which of seven things the curves show, epoch by epoch. The words for it are in `wording`.

Every comparison is against two standard errors, paired image by image where the losses are known so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EpochScores:
    """One task's scores at an epoch's end, in evaluation mode, without augmentation; losses per image, in nats.

    gap = validation_loss - train_loss with its standard error; rise = mean over validation images of
    [loss now - loss at the best epoch so far] with its paired standard error (0, 0 at the best epoch itself).
    change = mean over validation images of [loss now - loss `change_epochs` epochs ago] with its paired standard error;
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
    """What the curves say. epoch: the one since which it is so, counted from 1, or None before there is any."""

    kind: VerdictKind
    title: str
    sentence: str
    remedy: str
    epoch: int | None = None


ERRORS_THAT_COUNT = 2.0
ERRORS_OF_A_JUMP = 10.0
FEWEST_EPOCHS = 2
FEWEST_IMAGES = 30
KNOWN_BY_HEART = 0.99
TIMES_CHANCE = 1.5
ROUNDING = 1e-6  # losses are float32: a difference below this is arithmetic, however sure its sign


@dataclass(frozen=True)
class Reference:
    """What accuracies are held against.

    chance: what guessing gets right, 1 / classes. head_only_accuracy: clean training accuracy that the head alone
    reached before stages were freed, where there was such a phase. epochs_planned: of all phases together.
    ended: no further epoch will come, planned or not. can_freeze, can_free: whether there are stages that learn at some
    time, and such as never do: no advice is given that cannot be followed.
    """

    chance: float
    epochs_planned: int
    head_only_accuracy: float | None = None
    ended: bool = False
    can_freeze: bool = True
    can_free: bool = True


@dataclass(frozen=True)
class EpochTrend:
    """One epoch seen against those before it.

    best: scores of the epoch with the lowest validation loss so far, `best_epoch` counted from 1.
    change: validation loss now minus `change_epochs` epochs ago, with its standard error.
    jump: validation loss now minus one epoch ago; jump_errors: the same in standard errors of the loss as it was then.
    """

    epoch: int
    now: EpochScores
    best: EpochScores
    best_epoch: int
    change: float
    change_error: float
    change_epochs: int
    jump: float
    jump_error: float
    jump_errors: float

    @property
    def fell(self) -> bool:
        return _beyond(-self.change, self.change_error)

    @property
    def rose(self) -> bool:
        return _beyond(self.change, self.change_error)

    @property
    def risen(self) -> bool:
        """Worse than at its best, and not by chance."""
        return _beyond(self.now.rise, self.now.rise_error)

    @property
    def gap_is_wide(self) -> bool:
        return _beyond(self.now.gap, self.now.gap_error)

    @property
    def fits_better(self) -> bool:
        """The clean training loss fell since the best epoch."""
        return self.now.train_loss < self.best.train_loss

    @property
    def jumped(self) -> bool:
        # Ten errors of the loss as it was: a loss that explodes also explodes its own error, which would hide it.
        # The second half asks that the jump is not the work of one photo when all losses were near zero.
        return self.jump_errors > ERRORS_OF_A_JUMP and _beyond(self.jump, self.jump_error)


def window_epochs(epochs_planned: int) -> int:
    """How many epochs back "lately" reaches."""
    return max(2, math.ceil(0.15 * epochs_planned))


def standings(history: Sequence[EpochScores], epochs_planned: int) -> list[EpochTrend]:
    """Every epoch of the history, seen from where it stood."""
    window, best, seen = window_epochs(epochs_planned), 0, []
    for at, now in enumerate(history):
        if now.validation_loss < history[best].validation_loss:
            best = at
        lag = min(window, at)
        change, change_error = _change(history, at, lag, best)
        before = history[max(at - 1, 0)]
        jump, jump_error = _difference(now, before)
        jump_errors = jump / before.validation_loss_error if before.validation_loss_error > 0 else 0.0
        seen.append(
            EpochTrend(at + 1, now, history[best], best + 1, change, change_error, lag, jump, jump_error, jump_errors)
        )
    return seen


def kind_of(standing: EpochTrend, yardstick: Reference) -> VerdictKind:
    """Which of the seven it is. They overlap; the order below is that of what a user must know first."""
    now = standing.now
    if not is_finite(now):
        return "unstable"
    if standing.epoch < FEWEST_EPOCHS or now.validation_images < FEWEST_IMAGES:
        return "too early"
    if standing.jumped:
        return "unstable"
    if standing.risen and standing.fits_better:
        return "overfitting"
    if standing.fell:
        return "still learning"
    if standing.risen:  # worse on the photos it learns from, too: not learning by heart, but steps that overshoot
        return "unstable"
    if now.train_accuracy >= KNOWN_BY_HEART and standing.gap_is_wide:
        return "memorised, harmlessly"
    if now.train_accuracy < TIMES_CHANCE * yardstick.chance or is_under_head_alone(now, yardstick):
        return "underfitting"
    return "levelled off"


def is_finite(scores: EpochScores) -> bool:
    """Whether both losses are numbers; a split without photos has none that could be otherwise."""
    losses = [scores.train_loss] if scores.train_images else []
    losses += [scores.validation_loss] if scores.validation_images else []
    return all(math.isfinite(loss) for loss in losses)


def is_under_head_alone(scores: EpochScores, yardstick: Reference) -> bool:
    return yardstick.head_only_accuracy is not None and scores.train_accuracy < yardstick.head_only_accuracy


def began(kinds: Sequence[VerdictKind], best_epoch: int) -> int:
    """The epoch, from 1, since which the last of `kinds` holds.

    Overfitting began when it was first found after the best epoch: one epoch in between that lay within its margin
    does not make it a new story. All else began with the unbroken stretch at the end.
    """
    if kinds[-1] == "overfitting":
        return kinds.index("overfitting", best_epoch) + 1
    return next((at + 2 for at in range(len(kinds) - 2, -1, -1) if kinds[at] != kinds[-1]), 1)


def _beyond(difference: float, error: float) -> bool:
    return difference > ERRORS_THAT_COUNT * error and difference > ROUNDING


def _change(history: Sequence[EpochScores], at: int, lag: int, best: int) -> tuple[float, float]:
    """The change over `lag` epochs and its standard error: paired where known, else as if of different photos."""
    now = history[at]
    if now.change is not None and now.change_error is not None and now.change_epochs == lag:
        return now.change, now.change_error
    if best == at - lag and best != at:
        return now.rise, now.rise_error
    return _difference(now, history[at - lag])


def _difference(now: EpochScores, then: EpochScores) -> tuple[float, float]:
    error = math.hypot(now.validation_loss_error, then.validation_loss_error)
    return now.validation_loss - then.validation_loss, error
