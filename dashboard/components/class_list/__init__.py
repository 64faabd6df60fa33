"""The classes of a label column: how many photos each has, renamed and joined where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.datasets import Task, clean_label
from dashboard.components.loading import load_component

MAX_SHOWN = 14  # more are one click away

_component = load_component(Path(__file__).parent)


@dataclass(frozen=True)
class ClassEdit:
    """A class gets another name (`to`), or photos are to be added to it; then it may be a new one."""

    kind: Literal["rename", "add"]
    name: str
    to: str = ""


def class_list(task: Task, counts: Mapping[str, int], key: str) -> ClassEdit | None:
    """Show a class per line, in the order given; returns the edit once, when it was just made."""
    data = {"counts": [list(pair) for pair in counts.items()], "shown": MAX_SHOWN}
    return parse_class_edit(_component(key=key, data=data, on_edited_change=lambda: None).edited, task)


def parse_class_edit(payload: Any, task: Task) -> ClassEdit | None:
    """Validate what the browser sent. None when there is nothing, or nonsense."""
    if not isinstance(payload, dict):
        return None
    kind, name, to = payload.get("kind"), payload.get("name"), payload.get("to")
    if kind == "rename" and name in task.classes and isinstance(to, str) and clean_label(to) not in ("", name):
        return ClassEdit("rename", name, clean_label(to))
    if kind == "add" and isinstance(name, str) and clean_label(name):
        return ClassEdit("add", clean_label(name))
    return None
