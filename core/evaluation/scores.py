"""An epoch's scores from per-image losses: means, their standard errors, and changes paired image by image."""

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.verdict import EpochScores

# Rows of per-image losses that a checkpoint carries at most; over a longer window changes are unpaired.
HISTORY_EPOCHS = 64


@dataclass(frozen=True, eq=False)
class LossHistory:
    """One task's validation losses of earlier epochs, image by image: the other half of every pair.

    best: float32 [images], of the epoch with the lowest mean so far; [0] before the first epoch.
    recent: float32 [epochs, images], the last epochs, oldest first; [0, 0] before the first epoch.

    Training keeps one per task in its state and its checkpoints (two plain arrays):

        scores = epoch_scores(losses, values, train_losses, train_values, history.best, history.recent)
        history = append_losses(history, losses, window_epochs(plan.epochs))
    """

    best: np.ndarray
    recent: np.ndarray


def empty_history() -> LossHistory:
    """The history before the first epoch."""
    return LossHistory(np.empty(0, np.float32), np.empty((0, 0), np.float32))


def append_losses(history: LossHistory, losses: np.ndarray, window: int) -> LossHistory:
    """The history with one epoch's losses [images] added and those older than `window` epochs dropped."""
    row = np.array(losses, np.float32)  # memory of its own, and `recent` another: safetensors refuses shared ones
    best = history.best if _is_better(history.best, row) else row
    recent = np.concatenate([history.recent, row[None]]) if len(history.recent) else row[None].copy()
    return LossHistory(best, recent[-min(window, HISTORY_EPOCHS) :])


def _is_better(best: np.ndarray, losses: np.ndarray) -> bool:
    return len(best) > 0 and best.mean(dtype=np.float64) <= losses.mean(dtype=np.float64)


def epoch_scores(
    validation_losses: np.ndarray,
    validation_values: np.ndarray,
    train_losses: np.ndarray,
    train_values: np.ndarray,
    best_validation_losses: np.ndarray | None = None,
    earlier: np.ndarray | None = None,
) -> EpochScores:
    """One task's scores from the loss of each image [images] and its score [images], as the kind of label defines them.

    Images without a label are left out by the caller; the two splits may differ in length.
    best_validation_losses: [images] of the best epoch so far, same images, same order; without it, or when this epoch
    is better, this one is the best and its rise is 0. earlier: [epochs, images] of the epochs just before this one,
    oldest first (`LossHistory.recent`); the change is measured against the first of them.
    Means of no image are nan; standard errors of fewer than two images are 0.
    """
    validation_loss, validation_error = _mean_and_error(validation_losses)
    train_loss, train_error = _mean_and_error(train_losses)
    rise, rise_error = _rise(validation_losses, best_validation_losses)
    change, change_error = _change(validation_losses, earlier)
    return EpochScores(
        validation_loss=validation_loss,
        validation_loss_error=validation_error,
        validation_accuracy=_mean_and_error(validation_values)[0],
        validation_images=len(validation_losses),
        train_loss=train_loss,
        train_loss_error=train_error,
        train_accuracy=_mean_and_error(train_values)[0],
        train_images=len(train_losses),
        gap=validation_loss - train_loss,
        gap_error=math.hypot(validation_error, train_error),  # two disjoint sets of images: errors add in squares
        rise=rise,
        rise_error=rise_error,
        change=change,
        change_error=change_error,
        change_epochs=0 if earlier is None else len(earlier),
    )


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean and its standard error, s / sqrt(n) with the sample's own s (n - 1 in its denominator)."""
    values = np.asarray(values, np.float64)
    if not len(values):
        return math.nan, 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # an infinite loss gives nan, which is what it should say
        error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
        return float(values.mean()), float(error)


def _rise(losses: np.ndarray, best: np.ndarray | None) -> tuple[float, float]:
    if best is None or not len(best) or not _is_better(best, losses):
        return 0.0, 0.0
    return _paired_difference(losses, best)


def _change(losses: np.ndarray, earlier: np.ndarray | None) -> tuple[float | None, float | None]:
    if earlier is None or not len(earlier):
        return None, None
    return _paired_difference(losses, earlier[0])


def _paired_difference(losses: np.ndarray, earlier: np.ndarray) -> tuple[float, float]:
    """The mean difference image by image with its standard error: hard photos stay hard, so pairs tell far more than
    two means do. Raises ValueError for different images.
    """
    if np.shape(losses) != np.shape(earlier):
        raise ValueError(f"pairs need the same images: {np.shape(losses)} and {np.shape(earlier)}")
    # Both through float32, as histories store them: equal losses then differ by nothing at all.
    losses, earlier = np.asarray(losses, np.float32), np.asarray(earlier, np.float32)
    with np.errstate(invalid="ignore"):
        return _mean_and_error(losses.astype(np.float64) - earlier)
