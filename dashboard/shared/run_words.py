"""A run in a few words."""

from core.runs import Run
from dashboard.shared.texts import in_seconds, when


def how_far(run: Run) -> str:
    """One sentence: how far it is, and what became of it."""
    progress = run.progress
    epoch = f"epoch {progress.epoch} of {progress.epochs}" if progress.epoch else ""
    if run.state == "queued":
        return f"queued {when(run.created)}; it starts when the runs before it are done."
    if run.state == "running":
        left = f", {in_seconds(progress.seconds_left)} left" if progress.seconds_left else ""
        return f"{epoch or progress.activity_in_words or 'it begins'}{left}."
    if run.state == "paused":
        return f"{epoch or 'at the beginning'}, paused. Nothing is lost."
    if run.state == "interrupted":
        ended = f" {when(run.ended)}" if run.ended else ""
        return f"{epoch or 'at the beginning'}; Graft or the computer ended{ended} before it was done. Nothing is lost."
    if run.state == "failed":
        return run.error
    best = f"{progress.best.accuracy_text} on validation, epoch {progress.best.epoch}" if progress.best else ""
    ended = when(run.ended) if run.ended else ""
    return ", ".join(part for part in (best, ended) if part) + "."
