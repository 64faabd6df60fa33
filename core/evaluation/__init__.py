"""How good a model is, and whether it still gets better: an epoch's scores, the overfitting verdict, a run's results.

Arithmetic on per-image losses and scores, and two files of a run's folder: `predictions.parquet` and `results.json`.
What a label means, and which figures it has, is defined by its kind (`core.tasks`).
"""

from core.evaluation.active_learning import answer_margins, most_instructive
from core.evaluation.feature_map import map_positions, principal_axes
from core.evaluation.folds import Fold, group_folds
from core.evaluation.label_free import NUCLEAR_NORM, TARGET_ACCURACY, nuclear_norm_score
from core.evaluation.metrics import epoch_curves, metrics_of, step_curves
from core.evaluation.out_of_fold import (
    HeadSubject,
    OutOfFold,
    by_accuracy,
    compared_heads,
    list_out_of_fold,
    read_out_of_fold,
    save_out_of_fold,
)
from core.evaluation.parts import PartTried, best_part, paired_gain, part_tried, parts_in_words
from core.evaluation.predictions import (
    compare,
    labelled_predictions,
    predictions_table,
    read_predictions,
    write_predictions,
)
from core.evaluation.rate_range import RateCurve, has_diverged, rates_to_try
from core.evaluation.result import (
    Result,
    TaskResult,
    evaluate,
    kept_in_words,
    load_result,
    make_result,
    save_result,
)
from core.evaluation.scores import LossHistory, append_losses, empty_history, epoch_scores
from core.evaluation.selection_bias import selection_bias
from core.evaluation.simple_heads import (
    LEAST_DISTANCE,
    CrossValidation,
    LabelledPhotos,
    LinearHead,
    NeighborsHead,
    cross_validate,
    fit_head,
    softmax,
    usual_choice,
)
from core.evaluation.trial import Trial, is_tried, load_trials, save_trials, try_features
from core.evaluation.verdict import EpochScores, Reference, Verdict, window_epochs
from core.evaluation.wording import in_plain_words, verdict

__all__ = [
    "LEAST_DISTANCE",
    "NUCLEAR_NORM",
    "TARGET_ACCURACY",
    "CrossValidation",
    "EpochScores",
    "Fold",
    "HeadSubject",
    "LabelledPhotos",
    "LinearHead",
    "LossHistory",
    "NeighborsHead",
    "OutOfFold",
    "PartTried",
    "RateCurve",
    "Reference",
    "Result",
    "TaskResult",
    "Trial",
    "Verdict",
    "answer_margins",
    "append_losses",
    "best_part",
    "by_accuracy",
    "compare",
    "compared_heads",
    "cross_validate",
    "empty_history",
    "epoch_curves",
    "epoch_scores",
    "evaluate",
    "fit_head",
    "group_folds",
    "has_diverged",
    "in_plain_words",
    "is_tried",
    "kept_in_words",
    "labelled_predictions",
    "list_out_of_fold",
    "load_result",
    "load_trials",
    "make_result",
    "map_positions",
    "metrics_of",
    "most_instructive",
    "nuclear_norm_score",
    "paired_gain",
    "part_tried",
    "parts_in_words",
    "predictions_table",
    "principal_axes",
    "rates_to_try",
    "read_out_of_fold",
    "read_predictions",
    "save_out_of_fold",
    "save_result",
    "save_trials",
    "selection_bias",
    "softmax",
    "step_curves",
    "try_features",
    "usual_choice",
    "verdict",
    "window_epochs",
    "write_predictions",
]
