"""A run's state in one word, coloured and said."""

from core.runs import Run
from dashboard.shared.texts import escaped

# What a person calls it, and how loud it is.
PILLS: dict[str, tuple[str, str]] = {
    "queued": ("waiting", ""),
    "running": ("learning", "good"),
    "paused": ("paused", "look"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "good"),
    "failed": ("failed", "stop"),
    "interrupted": ("interrupted", "look"),
}
WISHES = {"pause": "pausing ...", "stop": "stopping ..."}


def state_pill(run: Run) -> str:
    """HTML; a requested action that the runner has not fulfilled yet stands in the state's place."""
    words, kind = PILLS[run.state]
    if (
        run.requested_action
        and run.state in ("running", "paused")
        and (run.requested_action, run.state) != ("pause", "paused")
    ):
        words = WISHES[run.requested_action]
    return f'<span class="pill {kind}">{escaped(words)}</span>'
