"""Predictions of a class: columns of `predictions.parquet`, and what is read out of them.

label          int, index into the task's classes, or MISSING
predicted      int, the class with the highest probability
confidence     float, that probability
loss           float, cross-entropy in nats; nan where the label is missing
probabilities  list of float, in the order of the task's classes
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from core.tasks.classes.labels import MISSING
from core.tasks.intervals import Frozen, Interval, margin
from core.tasks.task import Split, Task

COLUMNS = ("label", "predicted", "confidence", "loss", "probabilities")
NEAR = 0.05  # confidences this close count as equal
NORMAL_95 = 1.959964  # standard errors to either side hold 95 %
FEWEST = 20  # photos, below which the accuracy at a confidence is not given


def predictions(labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
    """Columns from labels [images] and logits [images, classes]."""
    from scipy.special import log_softmax

    logs = log_softmax(np.asarray(logits, np.float64), axis=1)
    probabilities = np.exp(logs)
    labels = np.asarray(labels, np.int64)
    own = logs[np.arange(len(labels)), np.maximum(labels, 0)]
    return {
        "label": labels,
        "predicted": logs.argmax(axis=1) if len(logs) else np.empty(0, np.int64),
        "confidence": probabilities.max(axis=1) if len(logs) else np.empty(0),
        "loss": np.where(labels == MISSING, np.nan, -own),
        "probabilities": list(probabilities.astype(np.float32)),
    }


def _labelled(predictions: pd.DataFrame, task: Task, split: Split) -> pd.DataFrame:
    known = predictions["label"] != MISSING
    return predictions[(predictions["task"] == task.name) & (predictions["split"] == split) & known]


def most_wrong(predictions: pd.DataFrame, task: Task, count: int, split: Split = "validation") -> pd.DataFrame:
    """Rows of the images that the model got wrong, the most confident first."""
    rows = _labelled(predictions, task, split)
    wrong = rows[rows["label"] != rows["predicted"]]
    return wrong.sort_values(["confidence", "image_id"], ascending=[False, True]).head(count)


def cell_rows(
    predictions: pd.DataFrame, task: Task, true: int, predicted: int, split: Split = "validation"
) -> pd.DataFrame:
    """Rows of one cell of the confusion matrix (true class, predicted class), the most confident first."""
    rows = _labelled(predictions, task, split)
    there = rows[(rows["label"] == true) & (rows["predicted"] == predicted)]
    return there.sort_values(["confidence", "image_id"], ascending=[False, True])


def cell(
    predictions: pd.DataFrame, task: Task, true: int, predicted: int, split: Split = "validation"
) -> tuple[str, ...]:
    """Image ids of one cell of the confusion matrix, the most confident first."""
    return tuple(cell_rows(predictions, task, true, predicted, split)["image_id"])


def accuracy_at_confidence(predictions: pd.DataFrame, task: Task, confidence: float) -> Interval | None:
    """The accuracy among validation images predicted with about this confidence, 0 to 1: how well calibrated it is.

    None where there are fewer than 20 such images.
    """
    rows = _labelled(predictions, task, "validation")
    near = rows[(rows["confidence"] - confidence).abs() <= NEAR]
    if len(near) < FEWEST:
        return None
    return margin(int((near["label"] == near["predicted"]).sum()), len(near))


class PairedAccuracy(Frozen):
    """Two models on the same images. only_first, only_second: images that just one of them got right.

    p: how often a difference at least as large comes by chance between equally good models (McNemar's exact test).
    """

    images: int
    only_first: int
    only_second: int
    p: float

    @property
    def difference(self) -> float:
        """The accuracy of the first minus that of the second, in points; 0 without images."""
        return 100 * (self.only_first - self.only_second) / max(1, self.images)

    @property
    def margin(self) -> float:
        """How far `difference` may be off, in points, in 95 of 100 cases: the wider of two intervals' halves.

        Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired
        data", J. Educational and Behavioral Statistics 37, 2012, which counts how many images the two differ on as a
        matter of chance; and the exact one that belongs to McNemar's test, so that a difference beyond its margin is
        significant by that test as well.
        """
        return 100 * max(self._adjusted_wald(), self._exact())

    def _adjusted_wald(self) -> float:
        images = self.images + 2
        first, second = (self.only_first + 1) / images, (self.only_second + 1) / images
        return NORMAL_95 * math.sqrt((first + second - (first - second) ** 2) / images)

    def _exact(self) -> float:
        """The arm towards 0 of Clopper's and Pearson's interval, of those images on which the two differ."""
        from scipy.stats import binomtest

        differ, more = self.only_first + self.only_second, max(self.only_first, self.only_second)
        if not differ:
            return 0.0
        low = binomtest(more, differ).proportion_ci(confidence_level=0.95, method="exact").low
        return 2 * (more / differ - float(low)) * differ / self.images

    @property
    def is_significant(self) -> bool:
        return abs(self.difference) > self.margin

    @property
    def difference_text(self) -> str:
        signed = f"{self.difference:+.1f}".replace("-", "\u2212") if self.only_first != self.only_second else "0"
        return f"{signed} ± {self.margin:.1f} points" if self.images else ""

    @property
    def surely_better(self) -> int:
        return (1 if self.difference > 0 else -1) if self.images and self.is_significant else 0

    def in_words(self, first: str, second: str) -> str:
        """Which one is better, by how much, and whether that is more than chance. first, second: names of the two."""
        if not self.images:
            return "No photo was judged by both, so they cannot be compared."
        photos = "the one photo" if self.images == 1 else f"{self.images:,} photos"
        if self.only_first == self.only_second:
            return (
                f"“{first}” and “{second}” are right equally often (± {self.margin:.1f} points) on {photos} "
                "that judged both."
            )
        better, more, fewer = (
            (first, self.only_first, self.only_second)
            if self.only_first > self.only_second
            else (second, self.only_second, self.only_first)
        )
        by_chance = "less than once in 100 times" if self.p < 0.01 else f"{100 * self.p:.0f} times in 100"
        return (
            f"“{better}” is better by {abs(self.difference):.1f} ± {self.margin:.1f} points, "
            f"{'surely' if self.is_significant else 'but not certainly'}. On {photos} that judged both, it alone is "
            f"right on {more:,} and the other alone on {fewer:,}; chance alone does this {by_chance}."
        )


def compare(first: pd.DataFrame, second: pd.DataFrame) -> PairedAccuracy:
    """McNemar's exact test on the images that both tables of labelled predictions hold.

    McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12, 1947:
    only images on which the two differ say anything; between equals each falls to either side like a coin.
    """
    from scipy.stats import binomtest

    both = _correct(first).to_frame("first").join(_correct(second).rename("second"), how="inner")
    only_first = int((both["first"] & ~both["second"]).sum())
    only_second = int((~both["first"] & both["second"]).sum())
    differ = only_first + only_second
    p = float(binomtest(only_first, differ).pvalue) if differ else 1.0
    return PairedAccuracy(images=len(both), only_first=only_first, only_second=only_second, p=p)


def _correct(rows: pd.DataFrame) -> "pd.Series[bool]":
    return (rows["label"] == rows["predicted"]).set_axis(rows["image_id"])
