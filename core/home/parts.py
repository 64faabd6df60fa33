"""Hidden names for what is half made. They say who makes it, so that what a killed process left can be swept.

    .best.a1b2c3d4-4711-8123456-9f3e.part       machine, process number, its start, a number of its own

Parts of a process of this machine are known by the process. Those of another container are known by a lock on the
folder, which the system lets go when a process ends, however it ends; where that says nothing, by their age.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.home.processes import process_is_gone, this_process

try:
    import fcntl
except ImportError:  # on Windows, where no container has process numbers of its own
    fcntl = None  # type: ignore[assignment]

ABANDONED_SECONDS = 24 * 3600.0  # since the last write, where nothing else is known
_LONGEST_NAME = 120  # bytes of the name in a part's; a file name may have 255
_TAG = re.compile(r"\.(?P<machine>[0-9a-f]{8})-(?P<number>\d+)-(?P<start>[\d.]*)-[0-9a-f]{8}\.part$")


def part_beside(path: Path) -> Path:
    """A new hidden name in the same folder, of what is to become `path` or was it."""
    machine, number, start, boot = this_process().split("|")
    name = os.fsencode(path.name)[:_LONGEST_NAME].decode(errors="ignore")
    return path.with_name(f".{name}.{_digest(machine, boot)}-{number}-{start}-{secrets.token_hex(4)}.part")


@contextmanager
def hidden_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` to build it in. What was not moved away by the block's end is gone."""
    part = part_beside(path)
    lock = _make_locked(part)
    try:
        yield part
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(part, ignore_errors=True)


def delete_abandoned(folder: Path, pattern: str = ".*.part") -> None:
    """Delete what processes that are gone left half made in a folder."""
    for part in folder.glob(pattern):
        with suppress(OSError), _is_abandoned(part) as abandoned:  # finished or swept meanwhile, or not ours to delete
            if abandoned:
                shutil.rmtree(part) if part.is_dir() else part.unlink()


@contextmanager
def _is_abandoned(part: Path) -> Iterator[bool]:
    """Within the block it stays so."""
    tag, (machine, _, _, boot) = _TAG.search(part.name), this_process().split("|")
    if tag and tag["machine"] == _digest(machine, boot):
        yield process_is_gone(f"{machine}|{tag['number']}|{tag['start']}|{boot}")
    elif tag and fcntl and part.is_dir():
        with _lock_if_free(part) as was_free:
            yield was_free
    else:
        yield time.time() - part.stat().st_mtime > ABANDONED_SECONDS


def _digest(machine: str, boot: str) -> str:
    return hashlib.sha256(f"{machine}|{boot}".encode()).hexdigest()[:8]


def _make_locked(part: Path) -> int | None:
    """Make a folder that is locked before another process can take it for abandoned; None where none can be."""
    while True:
        part.mkdir()
        if not fcntl:
            return None
        with suppress(FileNotFoundError):  # swept before it could be locked
            lock = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:  # this file system has no locks for folders, so nobody else gets one either
                os.close(lock)
                return None
            if part.exists():
                return lock
            os.close(lock)


@contextmanager
def _lock_if_free(part: Path) -> Iterator[bool]:
    lock = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        was_free = True
    except OSError:
        was_free = False
    try:
        yield was_free
    finally:
        os.close(lock)
