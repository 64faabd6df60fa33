"""What training tries to make small: one small file per term of the loss, and their weighted sum.

A term is called with an Outcome (features, logits and labels of one batch) and answers with a scalar.
"""

from core.objectives.cross_entropy import CrossEntropy, balanced
from core.objectives.distillation import FeatureDistillation, LogitDistillation
from core.objectives.loss import Loss, make_loss
from core.objectives.outcome import DistillationTargets, Outcome

__all__ = [
    "CrossEntropy",
    "DistillationTargets",
    "FeatureDistillation",
    "LogitDistillation",
    "Loss",
    "Outcome",
    "balanced",
    "make_loss",
]
