"""Room on the disk: how much there is, what happens when there is none, and who leaves first."""

import errno
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import DiskFull

LEFT_SECONDS = 3_600.0  # since the last write to what is still being made
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
    of all what a process that was killed left half made.
    """
    for part in folder.glob(".*.part"):
        with suppress(FileNotFoundError):  # another process has just finished it
            if time.time() - part.stat().st_mtime > LEFT_SECONDS:
                _delete(part)
    entries = sorted((e for e in folder.iterdir() if not e.name.startswith(".")), key=lambda e: e.stat().st_mtime)
    sizes = {e: _size(e) for e in entries}
    total = sum(sizes.values())
    for entry in entries:
        if total <= budget_bytes:
            return
        if entry != keep:
            _delete(entry)
            total -= sizes[entry]


def _delete(entry: Path) -> None:
    shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


def _size(entry: Path) -> int:
    files = entry.rglob("*") if entry.is_dir() else [entry]
    return sum(f.stat().st_size for f in files if f.is_file())
