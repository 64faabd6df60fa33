"""What an epoch's per-image losses say: means, their standard errors, and changes judged image by image."""

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.verdict import EpochScores

# Rows of per-image losses that a checkpoint carries at most; a longer window is judged without pairs, more cautiously.
KEPT_EPOCHS = 64


@dataclass(frozen=True, eq=False)
class LossHistory:
    """One task's validation losses of earlier epochs, image by image: the other half of every pair.

    best: float32 [images], of the epoch with the lowest mean so far; [0] before the first epoch.
    recent: float32 [epochs, images], the last epochs, oldest first; [0, 0] before the first epoch.

    Training keeps one per task in its state and its checkpoints (two plain arrays):

        scores = epoch_scores(losses, right, train_losses, train_right, kept.best, kept.recent)
        kept = remember(kept, losses, window_epochs(plan.epochs))
    """

    best: np.ndarray
    recent: np.ndarray


def no_history() -> LossHistory:
    """What is remembered before the first epoch."""
    return LossHistory(np.empty(0, np.float32), np.empty((0, 0), np.float32))


def remember(history: LossHistory, losses: np.ndarray, window: int) -> LossHistory:
    """The history with one epoch's losses [images] added and what is older than `window` epochs forgotten."""
    row = np.array(losses, np.float32)  # memory of its own, and `recent` another: safetensors refuses shared ones
    best = history.best if _is_better(history.best, row) else row
    recent = np.concatenate([history.recent, row[None]]) if len(history.recent) else row[None].copy()
    return LossHistory(best, recent[-min(window, KEPT_EPOCHS) :])


def _is_better(best: np.ndarray, losses: np.ndarray) -> bool:
    return len(best) > 0 and best.mean(dtype=np.float64) <= losses.mean(dtype=np.float64)


def epoch_scores(
    validation_losses: np.ndarray,
    validation_right: np.ndarray,
    train_losses: np.ndarray,
    train_right: np.ndarray,
    best_validation_losses: np.ndarray | None = None,
    earlier: np.ndarray | None = None,
) -> EpochScores:
    """One task's scores from losses in nats [images] and whether each answer was right [images].

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
        validation_accuracy=_mean_and_error(validation_right)[0],
        validation_images=len(validation_losses),
        train_loss=train_loss,
        train_loss_error=train_error,
        train_accuracy=_mean_and_error(train_right)[0],
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


def _rise(now: np.ndarray, best: np.ndarray | None) -> tuple[float, float]:
    if best is None or not len(best) or not _is_better(best, now):
        return 0.0, 0.0
    return _paired(now, best)


def _change(now: np.ndarray, earlier: np.ndarray | None) -> tuple[float | None, float | None]:
    if earlier is None or not len(earlier):
        return None, None
    return _paired(now, earlier[0])


def _paired(now: np.ndarray, then: np.ndarray) -> tuple[float, float]:
    """The mean of the differences image by image: hard photos stay hard, so pairs tell far more than two means do."""
    if np.shape(now) != np.shape(then):
        raise ValueError(f"pairs need the same images: {np.shape(now)} now, {np.shape(then)} then")
    # Both through float32, as they are kept: the same losses then differ by nothing at all.
    now, then = np.asarray(now, np.float32), np.asarray(then, np.float32)
    with np.errstate(invalid="ignore"):
        return _mean_and_error(now.astype(np.float64) - then)
