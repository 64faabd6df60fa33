"""A teacher network or run, and its outputs for the training photos of a student."""

from core.distillation.loading import (
    DISTILLATION,
    distillation_heads,
    load_teacher,
    projection_heads_for,
    teacher_run_not_found,
)
from core.distillation.teacher import ProjectionHeads, TeacherModel

__all__ = [
    "DISTILLATION",
    "ProjectionHeads",
    "TeacherModel",
    "distillation_heads",
    "load_teacher",
    "projection_heads_for",
    "teacher_run_not_found",
]
