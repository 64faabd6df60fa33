"""A run as pages draw it: curves, epochs, verdict, live from memory or from the database; and runs side by side."""

from core.monitoring.counterparts import find_counterparts, has_model
from core.monitoring.live import curves, read_stored_view, read_verdict, read_view, register_live, unregister_live
from core.monitoring.run_comparison import RunCurve, common_tasks, comparable_splits, compare_runs, curves_by_epoch
from core.monitoring.scratch_race import ClockedEpoch, ScratchRace, race_in_words, read_race, scratch_run
from core.monitoring.sparklines import sparklines
from core.monitoring.together_alone import TaskGain, gains_in_words, read_gains

__all__ = [
    "ClockedEpoch",
    "RunCurve",
    "ScratchRace",
    "TaskGain",
    "common_tasks",
    "comparable_splits",
    "compare_runs",
    "curves",
    "curves_by_epoch",
    "find_counterparts",
    "gains_in_words",
    "has_model",
    "race_in_words",
    "read_gains",
    "read_race",
    "read_stored_view",
    "read_verdict",
    "read_view",
    "register_live",
    "scratch_run",
    "sparklines",
    "unregister_live",
]
