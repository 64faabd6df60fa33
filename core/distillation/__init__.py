"""A teacher network or run, and what it says about the training photos of a student."""

from core.distillation.loading import gone, load_teacher, projection_heads_for
from core.distillation.teacher import ProjectionHeads, TeacherModel

__all__ = [
    "ProjectionHeads",
    "TeacherModel",
    "gone",
    "load_teacher",
    "projection_heads_for",
]
