"""Room on the disk: how much there is, what happens when there is none, and who leaves first."""

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import DiskFull
from core.home.parts import delete_abandoned

_MOST_BYTES = 20_000_000_000
_SQLITE_NEEDS_BYTES = 256 * 1024
# Windows says ENOSPC as winerror 112, which Python maps to it; EDQUOT is a user's quota.
_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def free_bytes(path: Path) -> int:
    """Free bytes where `path` is, or would be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def cache_budget(folder: Path) -> int:
    """Bytes that what can be made again may take in `folder`: a fifth of what is free or lies there already, at most
    20 GB.
    """
    there = sum(_size(entry) for entry in folder.iterdir()) if folder.exists() else 0
    return min(_MOST_BYTES, (free_bytes(folder) + there) // 5)


@contextmanager
def no_room_is_disk_full(path: Path) -> Iterator[None]:
    """Turns the system's "no space left" into the sentence a user can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _disk_full(path) from error
        raise
    except sqlite3.OperationalError as error:
        if _means_no_room(error, path):
            raise _disk_full(path) from error
        raise


def _means_no_room(error: sqlite3.OperationalError, path: Path) -> bool:
    """SQLite's own "disk is full", and its "disk I/O error" where even its index for readers found no room."""
    said = str(error)
    return "disk is full" in said or ("disk I/O error" in said and free_bytes(path) < _SQLITE_NEEDS_BYTES)


def _disk_full(path: Path) -> DiskFull:
    return DiskFull(
        f'The disk that holds "{path.parent}" is full.',
        "Free some room and try again; nothing that was there before is lost.",
    )


def evict_oldest(folder: Path, budget_bytes: int, keep: Path | None = None) -> None:
    """Delete the entries of `folder` that were used longest ago until the rest fits `budget_bytes`; never `keep`. First
    of all what a process that was killed left half made. What is in use stays, where the system says so (Windows).
    """
    delete_abandoned(folder)
    entries = sorted((e for e in folder.iterdir() if not e.name.startswith(".")), key=_last_used)
    sizes = {e: _size(e) for e in entries}
    total = sum(sizes.values())
    for entry in entries:
        if total <= budget_bytes:
            return
        if entry != keep:
            with suppress(PermissionError):
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
            total -= sizes[entry] - _size(entry)


def evict_one(folder: Path) -> bool:
    """Delete the entry of `folder` that was used longest ago; False where there is none."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")] if folder.exists() else []
    if entries:
        evict_oldest(folder, sum(map(_size, entries)) - 1)
    return bool(entries)


def _last_used(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # another process has just deleted it
        return 0.0


def _size(entry: Path) -> int:
    files = entry.rglob("*") if entry.is_dir() else [entry]
    return sum(_bytes_of(file) for file in files)


def _bytes_of(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:  # another process has just deleted it
        return 0
