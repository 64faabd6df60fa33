"""Overfitting, defined (see docs): what an epoch's scores say, in one sentence, with one thing to do."""

import math
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


def window_epochs(epochs_planned: int) -> int:
    """How far back "lately" reaches."""
    return max(2, math.ceil(0.15 * epochs_planned))
