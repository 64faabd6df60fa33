"""Where photos are dropped: files, a zip, whole folders. The browser streams them to a route, four at once.

`st.file_uploader` would keep every file in the server's memory until the tab is closed, and takes no folders.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.datasets import IMPORTERS, Task, inbox
from dashboard.components.loading import load_component
from dashboard.routes import UPLOADS_URL, module_url

_component = load_component(Path(__file__).parent)


@dataclass(frozen=True)
class Upload:
    """All files of one drop have arrived. folder: its name in the inbox. name: what to call the dataset. unlabelled:
    whether they are kept without labels."""

    folder: str
    files: int
    name: str
    unlabelled: bool = False


@dataclass(frozen=True)
class Target:
    """The dataset that photos are added to. task: its label column. label: the class they all show, "" to ask."""

    task: Task
    label: str = ""


def drop_zone(
    key: str, title: str = "Drop your photos here", target: Target | None = None, unlabelled: bool = False
) -> Upload | None:
    """Show the drop zone; returns the upload once, when all of it has just arrived. One is asked what loose photos
    show. target: where they are added to a dataset; otherwise they become one. unlabelled: of photos whose labels are
    not wanted; nothing is asked."""
    *formats, last = (importer.takes for importer in IMPORTERS.values())
    data = {
        "url": UPLOADS_URL,
        "title": title,
        "formats": "a folder, a zip or loose photos; they need no labels"
        if unlabelled
        else f"loose photos, which you sort here, {', '.join(formats)}, or {last}",
        "compact": target is not None or unlabelled,
        "unlabelled": unlabelled,
        "sorter": module_url("drop_zone", "sorter.js"),
        "task": target.task.name if target else "",
        "label": target.label if target else "",
        "classes": list(target.task.classes) if target else [],
        "done": "Add them" if target else "Make a dataset of them",
        "without": "" if target else "Keep them without labels",
    }
    return parse_upload(_component(key=key, data=data, on_received_change=lambda: None).received)


def parse_upload(payload: Any) -> Upload | None:
    """Validate what the browser sent. None when there is nothing, or nonsense."""
    if not isinstance(payload, dict):
        return None
    folder, files, name = payload.get("folder"), payload.get("files"), payload.get("name")
    if not (
        isinstance(folder, str) and inbox.is_folder_name(folder) and isinstance(files, int) and isinstance(name, str)
    ):
        return None
    return Upload(folder, files, name.strip()[:80] or "photos", payload.get("unlabelled") is True)
