"""A run as pages draw it: curves, epochs, verdict, live from memory or from the database; and runs side by side."""

from core.monitoring.live import curves, read_stored_view, read_verdict, read_view, register_live, unregister_live
from core.monitoring.run_comparison import RunCurve, common_tasks, comparable_splits, compare_runs, curves_by_epoch
from core.monitoring.sparklines import sparklines

__all__ = [
    "RunCurve",
    "common_tasks",
    "comparable_splits",
    "compare_runs",
    "curves",
    "curves_by_epoch",
    "read_stored_view",
    "read_verdict",
    "read_view",
    "register_live",
    "sparklines",
    "unregister_live",
]
