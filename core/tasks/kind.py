"""What one kind of label has to define, for every room that reads labels, trains on them or shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from core.errors import Check
from core.tasks.intervals import Frozen
from core.tasks.metric import Metric
from core.tasks.task import Split, Task

if TYPE_CHECKING:
    from torch import Tensor  # a light room: whoever lists datasets need not load torch

NO_STRATUM = -1  # of a photo without a label


@dataclass(frozen=True)
class WordTable:
    """A table in plain words, for whoever lays it out. title: what it is about, or ""."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ScoreLevels:
    """Scores that the verdict holds a model against; None where a kind has no such level.

    guessing: what a model that never saw the photo gets. memorised: from which on the photos are known by heart.
    """

    guessing: float | None = None
    memorised: float | None = None


class Figure(Protocol):
    """A measured value with its 95 % interval. amount: "86.2 %". plus_minus: "± 3.7". text: both."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def amount(self) -> str: ...
    @property
    def plus_minus(self) -> str: ...
    @property
    def text(self) -> str: ...


class SplitResult(Frozen):
    """One task on one split; each kind adds its own figures.

    images: those with a label. loss: their mean, None without any. title, sentence: the result in words.
    """

    split: Split
    images: int
    loss: float | None
    title: str
    sentence: str

    @property
    def figure(self) -> Figure | None:
        """The one figure that stands for the result; None when no image has a label."""
        raise NotImplementedError


class Comparison(Protocol):
    """Two models on the images that both were evaluated on."""

    @property
    def images(self) -> int: ...
    @property
    def difference_text(self) -> str:
        """The first's figure minus the second's, with its margin: "+2.1 ± 3.0 points"; "" without images."""
        ...

    @property
    def surely_better(self) -> int:
        """1 where the first is better beyond chance, -1 where the second is, else 0."""
        ...

    def in_words(self, first: str, second: str) -> str:
        """Which one is better, by how much, and whether that is more than chance. first, second: names of the two."""
        ...


class LabelKind(Protocol):
    """One kind of label, from the words in a column to the words of a prediction. Registered in `core.tasks.KINDS`.

    A label is stored as a value of a table's column. Everything else asks the kind what that value means.
    """

    name: str
    """The key in `KINDS`, as `Task.kind` and a dataset's versions have it."""
    result: type[SplitResult]
    """What `evaluate` gives, to read `results.json` back."""
    prediction_columns: tuple[str, ...]
    """What `predictions` gives, in order."""
    metric: Metric
    """The mean of `scores` as a panel of the live view; its fields are those of the accuracy."""

    # Labels of a dataset

    def refuse_words(self, name: str, words: set[str | None]) -> None:
        """Raise BadDataset for words that cannot become labels of the task `name`, before any long work."""
        ...

    def encode(self, name: str, words: "pd.Series[Any]") -> tuple[Task, np.ndarray]:
        """The task and its stored labels from words, None or nan where there is none. Raises BadDataset."""
        ...

    def in_words(self, task: Task, labels: np.ndarray) -> list[str | None]:
        """The inverse of `encode`."""
        ...

    def labels(self, column: "pd.Series[Any]") -> np.ndarray:
        """Stored labels as an array, [images] or [images, ...], in the type that training uses."""
        ...

    def is_labelled(self, labels: Any) -> Any:
        """bool [images], for arrays and tensors alike: where a label is known."""
        ...

    def counts(self, task: Task, labels: np.ndarray) -> dict[str, int]:
        """Images per class in the classes' order; {} where a kind has no classes."""
        ...

    def strata(self, task: Task, labels: np.ndarray) -> np.ndarray:
        """int64 [images], from 0: within each stratum a split keeps its shares. NO_STRATUM without a label."""
        ...

    def checks(self, task: Task, table: pd.DataFrame) -> Iterator[Check]:
        """What is worth knowing about this task's labels. table: as in `core.datasets.Dataset`."""
        ...

    def advice(self, task: Task, training: np.ndarray) -> Iterator[Check]:
        """What a run on these training labels will run into. The first "stop" is the last advice."""
        ...

    # Training and validation, in torch

    def head_width(self, task: Task) -> int:
        """How many numbers the head gives for a photo."""
        ...

    def losses(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Loss of each image, float [images], from logits [images, head width]; every image has a label."""
        ...

    def scores(self, logits: "Tensor", labels: "Tensor") -> "Tensor":
        """Score of each image, [images], the higher the better; 0 where the label is missing. Never waits for a GPU."""
        ...

    def score_levels(self, head_width: int) -> ScoreLevels:
        """What the verdict holds the mean score against, for a head that gives so many numbers."""
        ...

    def score_in_words(self, score: float) -> str:
        """A mean score as the verdict names it: "62.0 %"."""
        ...

    def training_fit_in_words(self, score: float) -> str:
        """How badly a model fits its training photos: "of the photos it learned from it gets only 62.0 % right"."""
        ...

    # Results

    def predictions(self, task: Task, labels: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
        """Columns of `predictions.parquet` by name, among them `label`, `predicted` and `loss` (nan without label)."""
        ...

    def evaluate(self, task: Task, split: Split, rows: pd.DataFrame) -> SplitResult:
        """The result of one split. rows: its predictions that have a label."""
        ...

    def compare(self, first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
        """Two models on the images that both tables of labelled predictions hold."""
        ...

    # Predictions for new photos

    def decode(self, task: Task, logits: "Tensor") -> list[dict[str, Any]]:
        """One prediction per photo from logits [images, head width], such that JSON can hold it."""
        ...

    def prediction_in_words(self, prediction: dict[str, Any]) -> tuple[str, str]:
        """What is predicted, and with which confidence ("" where a kind has none)."""
        ...

    def csv_columns(self, task: Task) -> tuple[str, ...]:
        """Titles of what `csv_cells` gives, for a spreadsheet."""
        ...

    def csv_cells(self, task: Task, prediction: dict[str, Any]) -> tuple[str, ...]:
        """One prediction as the cells of a spreadsheet's row."""
        ...

    # Words of a model card

    model_title: str
    """What a model of this kind is: "An image classifier"."""
    certainty: str
    """What comes with a prediction, after "says ...": ", with a probability for each"."""

    def question(self, task: Task, named: str = "") -> str:
        """What a model says about a photo, after "says": "which of 3 classes it shows".

        named: the task's name, where a model has several.
        """
        ...

    def contents(self, task: Task, training: np.ndarray) -> WordTable | str:
        """What the task tells apart and from how many training photos."""
        ...

    def result_table(self, result: SplitResult) -> WordTable | None:
        """The figures behind `SplitResult.figure`; None where there are none, or too many to list."""
        ...

    figure_title: str
    """Title of `SplitResult.figure` in a table: "right"."""
    limits: Sequence[str]
    """What to beware of in its predictions, a sentence each."""
