"""What is learned about a photo: tasks, and the kinds of label that they hold.

A kind is one file here (a `LabelKind`: from the words in a column to losses, figures and the words of a prediction)
with one entry in `KINDS`. Everybody else asks `label_kind(task)`; a kind that wants more on screen than its words and
tables has a viewer in `dashboard/results` or `dashboard/use`.
"""

from core.errors import BadDataset
from core.tasks.classes import Classes
from core.tasks.classes.labels import MISSING, list_some, same_spelling, similar_names
from core.tasks.classes.predictions import PairedAccuracy, accuracy_at_confidence, cell, cell_rows, most_wrong
from core.tasks.classes.result import ClassesResult, ClassResult
from core.tasks.classes.summary import headline, where_the_mistakes_are
from core.tasks.intervals import Frozen, Interval, f1_margin, margin
from core.tasks.kind import (
    NO_STRATUM,
    Comparison,
    Figure,
    LabelKind,
    ScoreLevels,
    SplitResult,
    WordTable,
)
from core.tasks.metric import Metric, MetricLine, lines_by_split
from core.tasks.task import LABEL, SPLITS, Split, Task

KINDS: dict[str, LabelKind] = {"classes": Classes()}


def label_kind(task: Task) -> LabelKind:
    """What the labels of a task mean. Raises BadDataset for a kind that is not registered."""
    if task.kind not in KINDS:
        raise BadDataset(
            f'The labels of "{task.name}" are of the kind "{task.kind}", which this Graft does not know.',
            "Open it with the newer Graft that made it.",
        )
    return KINDS[task.kind]


__all__ = [
    "KINDS",
    "LABEL",
    "MISSING",
    "NO_STRATUM",
    "SPLITS",
    "ClassResult",
    "ClassesResult",
    "Comparison",
    "Figure",
    "Frozen",
    "Interval",
    "LabelKind",
    "Metric",
    "MetricLine",
    "PairedAccuracy",
    "ScoreLevels",
    "Split",
    "SplitResult",
    "Task",
    "WordTable",
    "accuracy_at_confidence",
    "cell",
    "cell_rows",
    "f1_margin",
    "headline",
    "label_kind",
    "lines_by_split",
    "list_some",
    "margin",
    "most_wrong",
    "same_spelling",
    "similar_names",
    "where_the_mistakes_are",
]
