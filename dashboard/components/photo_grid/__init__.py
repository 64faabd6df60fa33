"""A grid of any number of photos: browse, enlarge, select by mouse or keyboard, relabel, leave out, drag to another.

Python sends no picture and (for a whole dataset) no list: the component fetches the list from one route, once per
version, and from another each thumbnail that comes into view. Some rows are shown, more on request; only those near the
window are in the page. The selection lives in the browser; Python hears of it when something is done with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.datasets import Dataset, Task, clean_label
from dashboard.components.loading import load_component
from dashboard.routes import full_photo_url, photo_list_url, thumbnail_url

_component = load_component(Path(__file__).parent)


@dataclass(frozen=True)
class Edit:
    """A change of the selected photos. label: the class they go to, when relabelled; it may be a new one."""

    kind: Literal["relabel", "leave out"]
    image_ids: tuple[str, ...]
    label: str = ""


def photo_grid(
    dataset: Dataset, task: Task, key: str, label: int | None = None, split: str | None = None, height: int = 600
) -> Edit | None:
    """Show all photos of a dataset, or of one class or split; returns the edit once, when it was just made.

    label: class index, MISSING for photos without one, None for all. height: of the first rows, pixels at most.
    """
    source = {"list": photo_list_url(dataset, task.name), "label": label, "split": split}
    result = _component(
        key=key,
        data=_data(dataset, task, height) | source | {"editable": True},
        on_edited_change=lambda: None,
    )
    return parse_edit(result.edited, dataset)


def photo_wall(
    dataset: Dataset,
    task: Task,
    photos: Sequence[tuple[str, str]],
    key: str,
    *,
    height: int = 480,
    lines: int = 1,
    editable: bool = False,
) -> Edit | None:
    """Show some photos, in this order: [(image_id, caption), ...]. lines: of a caption, at most.

    editable: they can be relabelled and left out; returns the edit once, when it was just made.
    """
    source = {"shown": [list(photo) for photo in photos], "lines": lines}
    result = _component(
        key=key,
        data=_data(dataset, task, height) | source | {"editable": editable},
        on_edited_change=lambda: None,
    )
    return parse_edit(result.edited, dataset) if editable else None


def photo_stack(
    dataset: Dataset, photos: Sequence[tuple[str, str]], key: str, title: str, others: Sequence[str], leaves: bool
) -> Edit | None:
    """Show the photos of one group; they can be moved to others by the bar below, or dragged from and to other stacks.

    photos: [(image_id, caption), ...]. title: of the group; "" for photos of no group. others: titles of those they can
    be moved to. Returns the edit once, when it was just made: "relabel" moves to the group of that title, or to a new
    one of that name, and "leave out" to none.
    """
    words = {
        "photos": f"Photos of {title}" if title else "Photos in no group",
        "into": "move to",
        "fresh": "a new group …",
        "naming": "name of the new group",
        "apply": "Move",
        "leave": "Leave out" if leaves else "",
        "hint": "",
    }
    drop = {"kind": "relabel", "label": title} if title else {"kind": "leave out"}
    source = {"shown": [list(photo) for photo in photos], "lines": 1, "editable": True, "words": words, "drop": drop}
    result = _component(
        key=key,
        data=_data(dataset, Task("", tuple(others)), 0) | source,
        on_edited_change=lambda: None,
    )
    return parse_edit(result.edited, dataset)


def _data(dataset: Dataset, task: Task, height: int) -> dict[str, Any]:
    return {
        "thumbnails": thumbnail_url(dataset),
        "photos": full_photo_url(dataset),
        "classes": list(task.classes),
        "height": height,
    }


def parse_edit(payload: Any, dataset: Dataset) -> Edit | None:
    """Validate what the browser sent. None when there is nothing, or nonsense."""
    if not isinstance(payload, dict) or payload.get("kind") not in ("relabel", "leave out"):
        return None
    ids = payload.get("ids")
    known = tuple(i for i in ids if isinstance(i, str) and i in dataset.row) if isinstance(ids, list) else ()
    if not known:
        return None
    if payload["kind"] == "leave out":
        return Edit("leave out", known)
    label = payload.get("label")
    label = clean_label(label) if isinstance(label, str) else ""
    return Edit("relabel", known, label) if label else None
