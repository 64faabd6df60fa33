"""Carry runs out: submit, worker, executor, recorder, time left, and the final evaluation."""

from core.execution.executor import counts, execute_if_due, execute_run
from core.execution.final_evaluation import open_test
from core.execution.preflight import warnings_here
from core.execution.recorder import Recorder
from core.execution.submit import describe, queue
from core.execution.teacher_checks import check_teacher, teacher_runs
from core.execution.worker import Worker

__all__ = [
    "Recorder",
    "Worker",
    "check_teacher",
    "counts",
    "describe",
    "execute_if_due",
    "execute_run",
    "open_test",
    "queue",
    "teacher_runs",
    "warnings_here",
]
