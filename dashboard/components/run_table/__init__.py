"""A table of runs: sorted, filtered and tagged in place; ticked for comparison; a small curve in each row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dashboard.components.loading import load_component

_component = load_component(Path(__file__).parent, isolate_styles=False)

ActionKind = Literal["open", "resume", "rename", "delete", "tags", "note"]


@dataclass(frozen=True)
class RunRow:
    """One run as the table shows it.

    state, tone: the word and the colour of its pill. score: what the best epoch reached, for sorting, and score_text
    with its margin. losses: on validation photos, as `core.monitoring.sparklines` gives them. seconds: that it took;
    created: seconds since 1970, each with its words.
    """

    id: str
    name: str
    state: str
    tone: str
    about: str
    dataset: str
    model: str
    score: float | None
    score_text: str
    losses: tuple[float, ...]
    seconds: float | None
    seconds_text: str
    created: float
    created_text: str
    tags: tuple[str, ...]
    note: str
    can_resume: bool


@dataclass(frozen=True)
class RunAction:
    """What was asked for. tags: those that the run is to have. text: of its note."""

    kind: ActionKind
    run_id: str
    tags: tuple[str, ...] = ()
    text: str = ""


def run_table(rows: Sequence[RunRow], compared: Sequence[str], key: str) -> tuple[RunAction | None, list[str]]:
    """Draw the table. compared: ids of the ticked runs.

    Gives what was just asked for, once, and the ids that are ticked by now.
    """
    known = [row.id for row in rows]
    result = _component(
        key=key,
        data={"rows": [asdict(row) for row in rows], "compared": [each for each in compared if each in known]},
        on_asked_change=lambda: None,
        on_ticked_change=lambda: None,
    )
    ticked = parse_ticks(result.ticked, known)
    return parse_action(result.asked, known), list(compared) if ticked is None else ticked


def parse_ticks(payload: Any, known: Sequence[str]) -> list[str] | None:
    """Validate the ids that the browser sent, in the order of ticking; None when nothing was ticked just now."""
    if not isinstance(payload, dict) or not isinstance(payload.get("ids"), list):
        return None
    return [each for each in dict.fromkeys(map(str, payload["ids"])) if each in known]


def parse_action(payload: Any, known: Sequence[str]) -> RunAction | None:
    """Validate what the browser sent. None when there is nothing, or nonsense."""
    if not isinstance(payload, dict):
        return None
    kind, run_id, tags, text = (payload.get(name) for name in ("kind", "id", "tags", "text"))
    if not isinstance(run_id, str) or run_id not in known:
        return None
    match kind:
        case "open" | "resume" | "rename" | "delete":
            return RunAction(kind, run_id)
        case "tags" if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
            return RunAction("tags", run_id, tags=tuple(tags))
        case "note" if isinstance(text, str):
            return RunAction("note", run_id, text=text)
    return None
