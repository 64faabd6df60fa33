"""A project of Teachable Machine (.tm): a zip whose manifest names the classes, its photos called 0-!-17.jpg."""

import json
import re

from core.datasets.limits import JSON_BYTES
from core.datasets.sources.labeled_photos import UNREADABLE, Contents, Entry
from core.datasets.sources.photo_table import CLASS_FOLDER, Column, PhotoTable

MANIFEST = "manifest.json"
_PHOTO = re.compile(r"(\d{1,6})-!-\d+")


def read_teachable_machine(contents: Contents) -> PhotoTable | None:
    """Its photos with their classes; None for anything else."""
    manifest = next((entry for entry in contents.tables if entry.name == MANIFEST), None)
    pictures = [(entry, found) for entry in contents.pictures if (found := _PHOTO.match(entry.name))]
    if manifest is None or not pictures:
        return None
    names = _class_names(manifest)
    values = tuple(names.get(int(found[1]), f"Class {int(found[1]) + 1}") for _, found in pictures)
    entries = tuple(entry for entry, _ in pictures)
    column = Column(CLASS_FOLDER, "folders", values)
    return PhotoTable(
        contents.name, entries, (column,), rejected=contents.rejected, limit_bytes=contents.limit_bytes, certain=True
    )


def _class_names(manifest: Entry) -> dict[int, str]:
    """Name by number. A manifest that says none leaves the numbers."""
    try:
        with manifest.open() as stream:
            found = json.loads(stream.read(JSON_BYTES))
    except (*UNREADABLE, RecursionError):
        return {}
    classes = (found.get("classes") or found.get("labels")) if isinstance(found, dict) else None
    named = {}
    for number, each in enumerate(classes if isinstance(classes, list) else []):
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str) and name:
            named[number] = name
    return named
