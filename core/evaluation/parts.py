"""Which part of a network wants to learn: how good the model was by validation when each learned alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.verdict import EpochScores
from core.tasks import Interval, margin

SIGNIFICANT_ERRORS = 2.0  # standard errors from which a difference is more than chance


@dataclass(frozen=True)
class PartTried:
    """stage: its number; None is the head alone. name: of the stage. loss: on validation, at the best epoch. accuracy:
    there, with its margin; None where no validation photo has a label. gain: by how much its loss is below that of the
    head alone, with its standard error, paired photo by photo; 0 where it is not below.
    """

    stage: int | None
    name: str
    loss: float
    accuracy: Interval | None
    gain: float = 0.0
    gain_error: float = 0.0


def part_tried(
    stage: int | None, name: str, scores: Sequence[EpochScores], gain: tuple[float, float] = (0.0, 0.0)
) -> PartTried:
    """From an epoch's scores of each task; of several tasks the means."""
    photos = sum(each.validation_images for each in scores)
    right = round(sum(each.validation_accuracy * each.validation_images for each in scores if each.validation_images))
    loss = sum(each.validation_loss for each in scores) / len(scores)
    return PartTried(stage, name, loss, margin(right, photos) if photos else None, *gain)


def paired_gain(head: Mapping[str, np.ndarray], part: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """By how much the losses of a part are below those of the head alone, with the standard error.

    head, part: by task, the loss of each validation photo, [photos], in the same order.
    """
    differences = [head[task].astype(np.float64) - part[task] for task in head]
    errors = [each.std(ddof=1) / math.sqrt(len(each)) if len(each) > 1 else 0.0 for each in differences]
    return float(np.mean([each.mean() for each in differences])), math.hypot(*errors) / len(errors)


def best_part(parts: Sequence[PartTried]) -> PartTried | None:
    """That with the lowest validation loss, by which epochs are chosen, too."""
    return min(parts, key=lambda each: each.loss, default=None)


def parts_in_words(parts: Sequence[PartTried]) -> str:
    """Which one it is, and how sure that is. The head alone is among them, and comes first."""
    best = best_part(parts)
    if best is None or len(parts) < 2:
        return "No part was tried to its end."
    if best.stage is None:
        return "The head alone was best by validation loss: no part of the network wants to learn."
    name = best.name[0].upper() + best.name[1:]
    figures = (
        f"its validation loss is {best.loss:.3f}, by {best.gain:.3f} ± {1.96 * best.gain_error:.3f} below that of the "
        "head alone"
    )
    if best.gain > SIGNIFICANT_ERRORS * best.gain_error:
        return f"{name} wants to learn: {figures}."
    return f"{name} was best: {figures}, which may be chance."
