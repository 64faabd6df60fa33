"""A teacher network or run, and what it says about the training photos of a student."""

from core.distillation.loading import gone, guides_for, teaching_model
from core.distillation.teacher import Guides, TeachingModel

__all__ = [
    "Guides",
    "TeachingModel",
    "gone",
    "guides_for",
    "teaching_model",
]
