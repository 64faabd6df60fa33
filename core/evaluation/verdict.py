"""Overfitting, defined (see docs): what an epoch's scores say, in one sentence, with one thing to do."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EpochScores:
    """One task's scores at an epoch's end, in evaluation mode, without augmentation; losses per image, in nats.

    gap = validation_loss - train_loss with its standard error; rise = mean over validation images of
    [loss now - loss at the best epoch so far] with its paired standard error (0, 0 at the best epoch itself).
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


VerdictKind = Literal[
    "too early",
    "still learning",
    "levelled off",
    "overfitting",
    "memorised, harmlessly",
    "underfitting",
    "unstable",
]
