"""The inbox: photos that a browser sent and that are not a dataset yet. All about how they lie there is known here.

inbox/<32 hexadecimal digits>/  one drop, or the photos of one sitting at the camera
    0, 1, 2 ...                 a file each, as it came
    0.json, 1.json ...          {"name": what it is called on the user's computer, "labels": what it is said to show}
    .0-5f3a91c2                 a file that is still being received
    camera                      photos were taken here: they are nowhere else

Beside these folders lie temporary files: a zip on its way to the user, the download of a public set.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from core.home import Home, no_room_is_disk_full

MOST_FILES = 1_000_000
LONGEST_NAME = 1_024  # characters
EXPIRY_SECONDS = 24 * 3600.0  # since the last file came
_CAMERA = "camera"
_FOLDER_NAME = re.compile(r"[0-9a-f]{32}")


def new_folder_name() -> str:
    return secrets.token_hex(16)


def is_folder_name(text: str) -> bool:
    return _FOLDER_NAME.fullmatch(text) is not None


def contains(home: Home, folder: Path) -> bool:
    return folder.parent == home.inbox


def temporary_file(home: Home, suffix: str) -> Path:
    """Where a file may lie until it was sent; removed when it expires, if not by its maker."""
    return home.inbox / f"export-{secrets.token_hex(8)}{suffix}"


@contextmanager
def receive_file(folder: Path, number: int, name: str, labels: Mapping[str, str] | None = None) -> Iterator[BinaryIO]:
    """A file to write to, which is there under its number once the block ends well, and gone otherwise.

    name: what the file is called on the user's computer; never a path here. labels: what a person said that it shows,
    class by label column. Raises DiskFull.
    """
    part = folder / f".{number}-{secrets.token_hex(4)}"
    with no_room_is_disk_full(folder / str(number)):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
            (folder / f"{number}.json").write_text(
                json.dumps({"name": name} | ({"labels": dict(labels)} if labels else {})), encoding="utf-8"
            )
            part.replace(folder / str(number))
        finally:
            part.unlink(missing_ok=True)


def received_files(folder: Path) -> list[tuple[Path, str]]:
    """Each file that arrived whole, with the name it had on the user's computer, in the order in which it was sent."""
    if not folder.is_dir():
        return []
    files = sorted((file for file in folder.iterdir() if file.name.isdecimal()), key=lambda file: int(file.name))
    return [(file, _name_of(file)) for file in files]


def given_labels(file: Path) -> dict[str, str]:
    """What a person said that a received file shows, class by label column; {} where nobody said anything."""
    labels = _note(file).get("labels")
    return {str(task): str(label) for task, label in labels.items()} if isinstance(labels, dict) else {}


def _name_of(file: Path) -> str:
    return str(_note(file).get("name") or file.name)


def _note(file: Path) -> dict[str, Any]:
    try:
        note = json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def add_camera_photo(folder: Path, name: str, content: bytes) -> None:
    """name: its class and its own name, with a slash between. Raises DiskFull."""
    with receive_file(folder, len(received_files(folder)), name) as file:
        (folder / _CAMERA).touch()
        file.write(content)


def camera_folders(home: Home) -> list[Path]:
    """Folders with photos of the camera, the newest first."""
    folders = [mark.parent for mark in home.inbox.glob(f"*/{_CAMERA}")]
    return sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)


@contextmanager
def emptied(home: Home, folder: Path) -> Iterator[None]:
    """Delete an inbox folder when the block ends: its photos are in a dataset, or cannot be. Photos of the camera stay
    when it fails, for they are nowhere else. Another folder is left alone.
    """
    try:
        yield
    except BaseException:
        if contains(home, folder) and not (folder / _CAMERA).exists():
            delete(folder)
        raise
    if contains(home, folder):
        delete(folder)


def delete(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def delete_expired(home: Home) -> None:
    """Delete uploads that were never imported and files that were never sent: their page was closed half-way. Photos
    of the camera stay.
    """
    for entry in home.inbox.iterdir():
        with suppress(OSError):  # gone meanwhile, or held open: the next sweep finds it
            if entry.stat().st_mtime > time.time() - EXPIRY_SECONDS or (entry / _CAMERA).exists():
                continue
            delete(entry) if entry.is_dir() else entry.unlink(missing_ok=True)


def waiting_bytes(home: Home) -> int:
    """All files of the inbox that arrived whole. It looks at each: seconds where there are hundreds of thousands."""
    total = 0
    for folder, _, names in os.walk(home.inbox):
        for name in (name for name in names if not name.startswith(".")):
            with suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_size
    return total
