"""The engine: a generator of events that carries out a plan (`train`), its steps, checkpoints and validation."""

from core.training.checkpoints import best_losses
from core.training.head_comparison import compare_heads
from core.training.label_next import COUNT, CurvePoint, Guess, Round, fit_and_judge, next_round, read_curve
from core.training.loop import train
from core.training.rate_range import RATE_STEPS, RateTried, try_rates
from core.training.setup import setup_training
from core.training.validation import predict_logits

__all__ = [
    "COUNT",
    "RATE_STEPS",
    "CurvePoint",
    "Guess",
    "RateTried",
    "Round",
    "best_losses",
    "compare_heads",
    "fit_and_judge",
    "next_round",
    "predict_logits",
    "read_curve",
    "setup_training",
    "train",
    "try_rates",
]
