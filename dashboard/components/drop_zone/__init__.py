"""Where photos are dropped: files, a zip, whole folders. The browser streams them to a route, four at once.

`st.file_uploader` would keep every file in the server's memory until the tab is closed, and takes no folders.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.routes import UPLOADS_URL

HERE = Path(__file__).parent
_component = st.components.v2.component(
    "graft.drop_zone",
    html=(HERE / "drop_zone.html").read_text(encoding="utf-8"),
    css=(HERE / "drop_zone.css").read_text(encoding="utf-8"),
    js=(HERE / "drop_zone.js").read_text(encoding="utf-8"),
)
_FOLDER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """All files of one drop have arrived. folder: its name in the inbox. name: what to call the dataset."""

    folder: str
    files: int
    name: str


def drop_zone(key: str, title: str = "Drop your photos here", compact: bool = False) -> Upload | None:
    """The drop zone; gives the upload when all of it has just arrived, once."""
    data = {"url": UPLOADS_URL, "title": title, "compact": compact}
    return upload_from(_component(key=key, data=data, on_received_change=lambda: None).received)


def upload_from(told: Any) -> Upload | None:
    """What the browser told, checked: it is not to be trusted. None when there is nothing, or nonsense."""
    if not isinstance(told, dict):
        return None
    folder, files, name = told.get("folder"), told.get("files"), told.get("name")
    if not (isinstance(folder, str) and _FOLDER.fullmatch(folder) and isinstance(files, int) and isinstance(name, str)):
        return None
    return Upload(folder, files, name.strip()[:80] or "photos")
