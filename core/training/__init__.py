"""The engine: a generator of events that carries out a plan (`train`, loop.py), its steps, checkpoints and scores."""

from core.training.loop import train
from core.training.setup import prepare
from core.training.validation import score

__all__ = [
    "prepare",
    "score",
    "train",
]
