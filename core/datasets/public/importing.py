"""From the network to a dataset."""

import tempfile
from pathlib import Path

from core.datasets.dataset import Dataset
from core.datasets.importing import import_photos
from core.datasets.public.catalogue import PublicSet, find
from core.datasets.public.download import fetch
from core.datasets.registry import clean_name, refuse_taken
from core.datasets.sources.labeled_photos import LabeledPhotos
from core.errors import DiskFull
from core.home import Home, Progress, free_bytes, no_room_is_disk_full, silent

_ROOM = 3  # the archive, what is unpacked from it, and the originals Graft keeps


def import_public(home: Home, set_id: str, progress: Progress = silent, name: str | None = None) -> Dataset:
    """Downloads and imports a public set, named as its title if not otherwise; nothing is left behind if it fails.

    Raises NotFound, NotReachable, BadInput (the name), DiskFull.
    """
    chosen, read = find(set_id)
    name = clean_name(name or chosen.title)
    refuse_taken(home, name)  # before the download and not after it
    _refuse_without_room(home, chosen)
    with tempfile.TemporaryDirectory(dir=home.inbox, prefix=f"{set_id}-", ignore_cleanup_errors=True) as folder:
        with no_room_is_disk_full(home.inbox / folder):
            photos = fetch(chosen, read, Path(folder), progress)
        return import_photos(home, name, LabeledPhotos(photos, chosen.title, count=len(photos)), progress=progress)


def _refuse_without_room(home: Home, chosen: PublicSet) -> None:
    needed = _ROOM * chosen.bytes
    if free_bytes(home.inbox) < needed:
        raise DiskFull(
            f"{chosen.title} needs {needed / 1e9:.1f} GB while it is unpacked, and less is free.",
            "Free some room, or take a smaller set.",
        )
