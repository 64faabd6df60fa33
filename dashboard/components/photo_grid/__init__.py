"""A grid of any number of photos: look, see large, choose by mouse or keyboard, relabel, leave out.

Python sends no picture and (for a whole dataset) no list: the component asks one route for the list, once per
version, and another for each thumbnail that comes into view. Only the rows near the window are in the page. The
choice lives in the browser while it is being made; Python hears of it when something is done with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from core.datasets import Dataset, Task
from dashboard.routes import full_photo_url, photo_list_url, thumbnail_url

HERE = Path(__file__).parent
_component = st.components.v2.component(
    "graft.photo_grid",
    html=(HERE / "photo_grid.html").read_text(encoding="utf-8"),
    css=(HERE / "photo_grid.css").read_text(encoding="utf-8"),
    js=(HERE / "photo_grid.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Edit:
    """What a person did with the photos they chose. label: the class they go to, when relabelled."""

    kind: Literal["relabel", "leave out"]
    image_ids: tuple[str, ...]
    label: str = ""


def photo_grid(
    dataset: Dataset, task: Task, key: str, label: int | None = None, split: str | None = None, height: int = 640
) -> Edit | None:
    """All photos of a dataset, or of one class or split; gives the edit that was just made, once.

    label: class index, MISSING for photos without one, None for all. height: pixels at most.
    """
    payload = {"list": photo_list_url(dataset, task.name), "label": label, "split": split}
    return _show(dataset, task, key, payload, editable=True, height=height)


def photo_wall(
    dataset: Dataset,
    task: Task,
    shown: Sequence[tuple[str, str]],
    key: str,
    editable: bool = False,
    height: int = 480,
    lines: int = 1,
) -> Edit | None:
    """Some photos with a caption each: [(image_id, caption), ...], in this order. lines: of a caption, at most."""
    return _show(dataset, task, key, {"shown": [list(photo) for photo in shown], "lines": lines}, editable, height)


def _show(dataset: Dataset, task: Task, key: str, payload: dict[str, Any], editable: bool, height: int) -> Edit | None:
    data = payload | {
        "thumbnails": thumbnail_url(dataset),
        "photos": full_photo_url(dataset),
        "classes": list(task.classes),
        "editable": editable,
        "height": height,
    }
    result = _component(key=key, data=data, on_edited_change=lambda: None)
    return edit_from(result.edited, dataset, task)


def edit_from(told: Any, dataset: Dataset, task: Task) -> Edit | None:
    """What the browser told, checked: it is not to be trusted. None when there is nothing, or nonsense."""
    if not isinstance(told, dict) or told.get("kind") not in ("relabel", "leave out"):
        return None
    ids = told.get("ids")
    known = tuple(i for i in ids if isinstance(i, str) and i in dataset.row) if isinstance(ids, list) else ()
    label = told.get("label", "")
    if not known or (told["kind"] == "relabel" and label not in task.classes):
        return None
    return Edit(told["kind"], known, label if told["kind"] == "relabel" else "")
