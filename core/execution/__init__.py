"""Carry runs out: submit, worker, executor, recorder, time left, and the final evaluation."""

from core.execution.executor import carry_out, carry_out_if_its_turn, counts
from core.execution.final_evaluation import open_test
from core.execution.preflight import warnings_here
from core.execution.recorder import Recorder
from core.execution.submit import describe, queue
from core.execution.teacher_checks import check_teacher, teaching_runs
from core.execution.worker import Runner

__all__ = [
    "Recorder",
    "Runner",
    "carry_out",
    "carry_out_if_its_turn",
    "check_teacher",
    "counts",
    "describe",
    "open_test",
    "queue",
    "teaching_runs",
    "warnings_here",
]
