"""How good a model is, and whether it still gets better: scores, the overfitting verdict, figures with margins.

Arithmetic only: what it is given are arrays and tables, what it gives back are frozen values.
"""

from core.evaluation.scores import LossHistory, epoch_scores, no_history, remember
from core.evaluation.verdict import EpochScores, Verdict, VerdictKind, window_epochs
from core.evaluation.wording import verdict

__all__ = [
    "EpochScores",
    "LossHistory",
    "Verdict",
    "VerdictKind",
    "epoch_scores",
    "no_history",
    "remember",
    "verdict",
    "window_epochs",
]
