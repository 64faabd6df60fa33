"""How a run stands: its state as a pill, its progress as a sentence."""

from core.runs import Run
from core.units import format_duration
from dashboard.session.sharing import without_paths
from dashboard.shared.texts import escape_html, format_time

# By state: the word a person uses, and the CSS class of its colour.
_PILLS: dict[str, tuple[str, str]] = {
    "queued": ("waiting", ""),
    "running": ("learning", "good"),
    "paused": ("paused", "warning"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "good"),
    "failed": ("failed", "stop"),
    "interrupted": ("interrupted", "warning"),
}
_REQUESTED = {"pause": "pausing ...", "stop": "stopping ..."}


def state_in_words(run: Run) -> tuple[str, str]:
    """The state in a word, and the CSS class of its pill; a requested action that the worker has not carried out yet
    takes its place.
    """
    word, css_class = _PILLS[run.state]
    is_pending = run.state in ("running", "paused") and (run.requested_action, run.state) != ("pause", "paused")
    if run.requested_action and is_pending:
        word = _REQUESTED[run.requested_action]
    return word, css_class


def state_pill(run: Run) -> str:
    """The state as HTML."""
    word, css_class = state_in_words(run)
    return f'<span class="pill {css_class}">{escape_html(word)}</span>'


def progress_in_words(run: Run) -> str:
    """One sentence: how far the run is, or how it ended."""
    progress = run.progress
    epoch = f"epoch {progress.epoch} of {progress.epochs}" if progress.epoch else ""
    if run.state == "queued":
        return f"queued {format_time(run.created)}; it starts when the runs before it are done."
    if run.state == "running":
        left = f", {format_duration(progress.seconds_left)} left" if progress.seconds_left else ""
        return f"{epoch or progress.activity_in_words or 'it begins'}{left}."
    if run.state == "paused":
        return f"{epoch or 'at the beginning'}, paused. Nothing is lost."
    if run.state == "interrupted":
        ended = f" {format_time(run.ended)}" if run.ended else ""
        return f"{epoch or 'at the beginning'}; Graft or the computer ended{ended} before it was done. Nothing is lost."
    if run.state == "failed":
        return without_paths(run.error)
    best = f"{progress.best.accuracy_text} on validation, epoch {progress.best.epoch}" if progress.best else ""
    ended = format_time(run.ended) if run.ended else ""
    return ", ".join(part for part in (best, ended) if part) + "."
