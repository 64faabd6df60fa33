"""Execute runs: submit a plan, the worker with its executor, recording, time left, the final evaluation, preflight."""

from core.execution.best_finding import Best, OutOfTime, Tried, find_best
from core.execution.counterparts import seconds_from_scratch, submit_alone, submit_from_scratch, submit_unadapted
from core.execution.executor import Execution, Executor, ThreadExecutor
from core.execution.final_evaluation import RunResults, open_results, open_test
from core.execution.part_finding import try_parts
from core.execution.preflight import check_teacher, local_warnings, missing_here, preflight_checks, teacher_runs
from core.execution.rate_finding import find_rates
from core.execution.recorder import Recorder
from core.execution.run_loop import RunSink, count_photos, execute, execute_run
from core.execution.submit import default_run_name, submit
from core.execution.target_evaluation import (
    BothMaps,
    PlacesMap,
    TargetAnswers,
    answers_in_target,
    draw_maps,
    known_maps,
)
from core.execution.worker import Worker

__all__ = [
    "Best",
    "BothMaps",
    "Execution",
    "Executor",
    "OutOfTime",
    "PlacesMap",
    "Recorder",
    "RunResults",
    "RunSink",
    "TargetAnswers",
    "ThreadExecutor",
    "Tried",
    "Worker",
    "answers_in_target",
    "check_teacher",
    "count_photos",
    "default_run_name",
    "draw_maps",
    "execute",
    "execute_run",
    "find_best",
    "find_rates",
    "known_maps",
    "local_warnings",
    "missing_here",
    "open_results",
    "open_test",
    "preflight_checks",
    "seconds_from_scratch",
    "submit",
    "submit_alone",
    "submit_from_scratch",
    "submit_unadapted",
    "teacher_runs",
    "try_parts",
]
