"""How good a model is, and whether it still gets better: scores, the overfitting verdict, figures with margins.

ComputeConfig, and two files of a run's folder: `predictions.parquet` and `results.json`.
"""

from core.evaluation.confidence import accuracy_at_confidence
from core.evaluation.margins import Interval, compare, margin
from core.evaluation.metrics import HEADLINE, METRICS, Metric, MetricLine, epoch_curves, step_curves
from core.evaluation.predictions import cell, most_wrong, predictions_table, read_predictions, write_predictions
from core.evaluation.result import (
    ClassResult,
    Result,
    SplitResult,
    TaskResult,
    evaluate,
    load_result,
    make_result,
    save_result,
)
from core.evaluation.scores import LossHistory, epoch_scores, no_history, remember
from core.evaluation.summary import headline, where_the_mistakes_are
from core.evaluation.verdict import EpochScores, Verdict, window_epochs
from core.evaluation.wording import verdict

__all__ = [
    "HEADLINE",
    "METRICS",
    "ClassResult",
    "EpochScores",
    "Interval",
    "LossHistory",
    "Metric",
    "MetricLine",
    "Result",
    "SplitResult",
    "TaskResult",
    "Verdict",
    "accuracy_at_confidence",
    "cell",
    "compare",
    "epoch_curves",
    "epoch_scores",
    "evaluate",
    "headline",
    "load_result",
    "make_result",
    "margin",
    "most_wrong",
    "no_history",
    "predictions_table",
    "read_predictions",
    "remember",
    "save_result",
    "step_curves",
    "verdict",
    "where_the_mistakes_are",
    "window_epochs",
    "write_predictions",
]
