"""A little room on the disk that a run gives back when the disk is full, so that its last words still find some."""

from pathlib import Path

BYTES = 512 * 1024


def keep_reserve(folder: Path) -> None:
    """Take the room, in a run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reserve").write_bytes(bytes(BYTES))


def free_reserve(folder: Path) -> None:
    """Give it back."""
    (folder / "reserve").unlink(missing_ok=True)
