"""A teacher network or run, and what it says about the training photos of a student."""

from core.distillation.loading import DISTILLATION, distillation_heads, gone, load_teacher, projection_heads_for
from core.distillation.teacher import ProjectionHeads, TeacherModel

__all__ = [
    "DISTILLATION",
    "ProjectionHeads",
    "TeacherModel",
    "distillation_heads",
    "gone",
    "load_teacher",
    "projection_heads_for",
]
