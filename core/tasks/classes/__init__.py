"""The kind of label that is one class of several: a photo shows exactly one of them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.errors import Check
from core.tasks.classes import labels as class_labels
from core.tasks.classes import predictions as class_predictions
from core.tasks.classes import result as class_result
from core.tasks.classes.labels import MISSING
from core.tasks.classes.predictions import PairedAccuracy
from core.tasks.classes.result import LISTED, ClassesResult
from core.tasks.kind import ScoreLevels, SplitResult, WordTable
from core.tasks.metric import Metric, lines_by_split
from core.tasks.task import Split, Task

if TYPE_CHECKING:
    from torch import Tensor

KNOWN_BY_HEART = 0.99  # of the training photos right

ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    help="How many photos it gets right: higher is better.",
    better="higher",
    unit="share",
    margin="wilson",
    lines=lines_by_split("accuracy", "Accuracy", "accuracy"),
)


class Classes:
    """Labels are indices into the task's classes, MISSING (-1) where a photo has none; a head gives one logit each."""

    name = "classes"
    result: type[SplitResult] = ClassesResult
    prediction_columns: tuple[str, ...] = class_predictions.COLUMNS
    metric = ACCURACY
    figure_title = "right"
    model_title = "An image classifier"
    certainty = ", with a probability for each"
    limits: Sequence[str] = (
        "It always answers with one of its classes, also for a photo of something else entirely.",
        "A probability says how sure it is, which is not how often it is right.",
    )

    # Labels of a dataset

    def refuse_words(self, name: str, words: set[str | None]) -> None:
        class_labels.refuse_too_many(name, len(words))

    def encode(self, name: str, words: "pd.Series[Any]") -> tuple[Task, np.ndarray]:
        return class_labels.encode(name, words)

    def in_words(self, task: Task, labels: np.ndarray) -> list[str | None]:
        words = np.array([*task.classes, None], dtype=object)  # MISSING is -1: the last
        return words[labels].tolist()

    def labels(self, column: "pd.Series[Any]") -> np.ndarray:
        return column.to_numpy(dtype=np.int64)

    def is_labelled(self, labels: Any) -> Any:
        return labels != MISSING

    def counts(self, task: Task, labels: np.ndarray) -> dict[str, int]:
        return class_labels.counts(task, labels)

    def strata(self, task: Task, labels: np.ndarray) -> np.ndarray:
        return labels  # each class is a stratum, and MISSING is NO_STRATUM

    def checks(self, task: Task, table: pd.DataFrame) -> Iterator[Check]:
        return class_labels.checks(task, table)

    def advice(self, task: Task, training: np.ndarray) -> Iterator[Check]:
        return class_labels.advice(self.counts(task, training))

    # Training and validation

    def head_width(self, task: Task) -> int:
        return len(task.classes)

    def losses(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Cross-entropy in nats."""
        from torch.nn import functional

        return functional.cross_entropy(logits, labels, reduction="none")

    def scores(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Whether the likeliest class is the true one: their mean is the accuracy."""
        return logits.argmax(1) == labels  # never equal to MISSING

    def score_levels(self, head_width: int) -> ScoreLevels:
        return ScoreLevels(guessing=1 / max(1, head_width), memorised=KNOWN_BY_HEART)

    def score_in_words(self, score: float) -> str:
        return f"{100 * score:.1f} %"

    def training_fit_in_words(self, score: float) -> str:
        return f"of the photos it learned from it gets only {self.score_in_words(score)} right"

    # Results

    def predictions(self, task: Task, labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
        return class_predictions.predictions(labels, logits)

    def evaluate(self, task: Task, split: Split, rows: pd.DataFrame) -> ClassesResult:
        return class_result.evaluate(task, split, rows)

    def compare(self, first: pd.DataFrame, second: pd.DataFrame) -> PairedAccuracy:
        return class_predictions.compare(first, second)

    # Predictions for new photos

    def decode(self, task: Task, logits: "Tensor") -> list[dict[str, Any]]:
        """Probability by class, the most likely first."""
        return [
            dict(sorted(zip(task.classes, probabilities, strict=True), key=lambda pair: -pair[1]))
            for probabilities in logits.float().softmax(dim=1).tolist()
        ]

    def prediction_in_words(self, prediction: dict[str, Any]) -> tuple[str, str]:
        first = next(iter(prediction))
        return first, f"{prediction[first]:.1%}"

    def csv_columns(self, task: Task) -> tuple[str, ...]:
        return "answer", *task.classes

    def csv_cells(self, task: Task, prediction: dict[str, Any]) -> tuple[str, ...]:
        probabilities = (f"{prediction[name]:.6f}" if name in prediction else "" for name in task.classes)
        return max(prediction, key=prediction.__getitem__), *probabilities

    # Words of a model card

    def question(self, task: Task, named: str = "") -> str:
        count = f"{len(task.classes)} classes"
        return f"which {named} it shows ({count})" if named else f"which of {count} it shows"

    def contents(self, task: Task, training: np.ndarray) -> WordTable | str:
        if len(task.classes) > LISTED:
            return f"{len(task.classes)} classes; `labels.json` lists them."
        counts = self.counts(task, training)
        rows = tuple((name, f"{count:,}") for name, count in counts.items())
        return WordTable("", ("class", "photos it learned from"), rows)

    def result_table(self, result: SplitResult) -> WordTable | None:
        return class_result.result_table(result) if isinstance(result, ClassesResult) else None
