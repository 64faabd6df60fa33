"""Files that are there whole or not at all: written beside their place, flushed, then renamed."""

import json
import os
import shutil
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import BadInput, Refused
from core.home.disk import no_room_is_disk_full
from core.home.parts import hidden_folder, part_beside

# Windows lets nobody rename or delete what another program has open or mapped: for a moment a virus scanner, a backup
# or another page of Graft; for longer a program of the user's.
_RETRY_SECONDS = 5.0 if os.name == "nt" else 0.0
_DELETED = ".deleted"  # in a folder that is to go as soon as it can


def _flush(path: Path) -> None:
    with path.open("rb+") as file:  # Windows flushes only what may be written to
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":  # a rename is on disk only when its folder is; Windows offers no such call
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _rename(rename: Callable[[Path, Path], None], source: Path, target: Path) -> None:
    """Rename by `os.rename` or `os.replace`, again and again while another program is in the way. Raises Refused."""
    deadline, pause = time.monotonic() + _RETRY_SECONDS, 0.01
    while True:
        try:
            return rename(source, target)
        except PermissionError as error:
            if not _RETRY_SECONDS:
                raise
            if time.monotonic() > deadline:
                raise Refused(f'"{target}" is open in another program.', "Close it there, then try again.") from error
        time.sleep(pause)
        pause *= 2


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; when the block ends well it becomes `path` in one step, otherwise it is gone.

    Raises DiskFull, `path` then still holds what it held before; and BadInput where something other than a file is.
    """
    if path.is_symlink():  # what it leads to is replaced, not the link
        path = path.resolve()
    if path.exists() and not path.is_file():
        raise BadInput(f'"{path}" is no file that could be replaced.', "Name another file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(path)
    try:
        with no_room_is_disk_full(path):
            yield part
            _flush(part)
            _rename(os.replace, part, path)
            _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; when the block ends well it takes the place of `path`, otherwise it is gone. Raises DiskFull.

    Between the two renames a crash can leave the old folder under its name with `.old` after it: `recover_folder`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with no_room_is_disk_full(path), hidden_folder(path) as part:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                _flush(file)
        _flush_folder(part)
        recover_folder(path)
        old = _old(path)
        if path.exists():
            _rename(os.rename, path, old)
        try:
            _rename(os.rename, part, path)
        except BaseException:
            recover_folder(path)
            raise
        _flush_folder(path.parent)
        delete_folder(old)


def recover_folder(path: Path) -> None:
    """Put right what a crash inside `whole_folder` left: the old folder back, or out of the way."""
    old = _old(path)
    if old.exists():
        if path.exists():
            delete_folder(old)
        else:
            _rename(os.rename, old, path)


def _old(path: Path) -> Path:
    return path.with_name(path.name + ".old")


def delete_folder(folder: Path) -> None:
    """Delete a folder for good: out of sight in one step, then file by file. What another program holds open is marked,
    and deleted at a later start.
    """
    if not folder.exists():
        return
    trash = part_beside(folder)
    try:
        os.rename(folder, trash)
    except OSError:  # on Windows, one of its files is open
        trash = folder
    shutil.rmtree(trash, ignore_errors=True)
    if folder.exists():
        mark_deleted(folder)


def mark_deleted(folder: Path) -> None:
    """Let a later start delete the folder, should nobody do so now."""
    with suppress(OSError):  # it is not there, or it is not ours to delete
        (folder / _DELETED).touch()


def unmark_deleted(folder: Path) -> None:
    (folder / _DELETED).unlink(missing_ok=True)


def delete_marked(parent: Path, wanted: Container[str]) -> None:
    """Delete the folders in `parent` that were to be deleted. wanted: names of those that the database still has."""
    for mark in parent.glob(f"*/{_DELETED}"):
        if mark.parent.name in wanted:  # a process was killed before its deletion counted
            unmark_deleted(mark.parent)
        else:
            delete_folder(mark.parent)


def write_whole(path: Path, content: bytes) -> None:
    with whole_file(path) as part:
        part.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode())
