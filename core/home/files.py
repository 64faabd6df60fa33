"""Files that are there whole or not at all: written beside their place, flushed, then renamed."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.home.disk import no_room_is_disk_full


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # a rename is on disk only when its folder is; Windows offers no such call
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; when the block ends well it becomes `path` in one step, otherwise it is gone.

    Raises DiskFull; `path` then still holds what it held before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(path)
    try:
        with no_room_is_disk_full(path):
            yield part
            _flush(part)
            os.replace(part, path)
            _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; when the block ends well it takes the place of `path`, otherwise it is gone. Raises DiskFull.

    Between the two renames a crash can leave the old folder under its name with `.old` after it: `recover_folder`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = _beside(path), path.with_name(path.name + ".old")
    try:
        with no_room_is_disk_full(path):
            part.mkdir()
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    _flush(file)
            _flush_folder(part)
            recover_folder(path)
            if path.exists():
                os.rename(path, old)
            os.rename(part, path)
            _flush_folder(path.parent)
            shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Put right what a crash inside `whole_folder` left: the old folder back, or out of the way."""
    old = path.with_name(path.name + ".old")
    if old.exists():
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(old, path)


def write_whole(path: Path, content: bytes) -> None:
    with whole_file(path) as part:
        part.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode())
