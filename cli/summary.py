"""A run in figures, as `--json` prints it."""

from statistics import harmonic_mean
from typing import Any

from core.errors import NotFound
from core.evaluation import load_result
from core.home import Home
from core.monitoring import read_view
from core.runs import Run, run_folder


def summarize_run(home: Home, run: Run) -> dict[str, Any]:
    """What `graft train --json` and `graft show --json` print; the accuracies are of the best epoch on validation."""
    epochs = read_view(home, run.id).epochs
    speeds = [row.images_per_second for row in epochs if row.images_per_second > 0]
    summary: dict[str, Any] = {
        "run": run.id,
        "name": run.name,
        "state": run.state,
        "dataset": run.dataset_name,
        "backbone": run.plan.backbone.name,
        "device": run.device,
        "epochs": run.progress.epochs_done,
        "epochs_planned": run.plan.epochs,
        "best_epoch": run.progress.best.epoch if run.progress.best else None,
        "seconds": round(run.seconds, 2) if run.seconds is not None and run.ended else None,
        "images_per_second": round(harmonic_mean(speeds), 1) if speeds else None,
        "validation_accuracy": None,
        "error": run.error or None,
    }
    try:
        result = load_result(run_folder(home, run.id))
    except NotFound:
        return summary
    summary["best_epoch"] = result.epoch
    if result.soup:
        summary["soup"] = list(result.soup)
    figures = {task.task: task.validation.figure for task in result.tasks}
    by_task = {
        task: {"value": round(f.value, 6), "low": round(f.low, 6), "high": round(f.high, 6), "text": f.text}
        for task, f in figures.items()
        if f is not None
    }
    summary["validation_accuracy"] = by_task.get(result.tasks[0].task)
    if len(result.tasks) > 1:
        summary["tasks"] = by_task
    return summary
