"""A little room on the disk that a home occupies, so that a full disk can still be looked at and emptied by Graft."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.home.disk import evict_one, free_bytes
from core.home.paths import Home

RESERVE_BYTES = 2 * 2**20  # for SQLite's index and log, while a run with all its curves is deleted
LEAST_FREE_BYTES = 32 * RESERVE_BYTES  # below which nothing more is occupied


def keep_reserve(home: Home) -> None:
    """Occupy the room, where there is plenty."""
    if not home.reserve.exists() and free_bytes(home.root) >= LEAST_FREE_BYTES:
        with suppress(OSError):
            home.reserve.write_bytes(random.Random(0).randbytes(RESERVE_BYTES))  # zeros could be packed


def free_reserve(home: Home) -> bool:
    """Give the room back, or that of something that can be made again; False where there is nothing of the kind."""
    if home.reserve.exists():
        home.reserve.unlink(missing_ok=True)
        return True
    return any(evict_one(folder) for folder in (home.activations, home.pixels, home.thumbnails))


@contextmanager
def room_to_delete(home: Home) -> Iterator[None]:
    """Room for deleting something within the block, also on a full disk."""
    if free_bytes(home.root) < RESERVE_BYTES:
        free_reserve(home)
    yield
    keep_reserve(home)
