"""Formats of photos with labels: one file each, registered in IMPORTERS; which of them it is, its importer tells."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.datasets import inbox
from core.datasets.dataset import Rejected
from core.datasets.sources.csv import CSV
from core.datasets.sources.folder import FOLDER
from core.datasets.sources.labeled_photos import CLASS, Contents, Entry, Importer, LabeledPhoto, LabeledPhotos
from core.datasets.sources.names import ARCHIVES, ending, tidy
from core.datasets.sources.upload import label_dropped_files, open_dropped_files
from core.datasets.sources.zip import ZIP
from core.errors import BadDataset, NotFound
from core.names import shorten

__all__ = [
    "CLASS",
    "IMPORTERS",
    "Contents",
    "Entry",
    "Importer",
    "LabeledPhoto",
    "LabeledPhotos",
    "open_source",
    "open_upload",
]

IMPORTERS: dict[str, Importer] = {each.id: each for each in (FOLDER, ZIP, CSV)}


@contextmanager
def open_source(source: Path, name: str) -> Iterator[LabeledPhotos | Contents]:
    """A source, opened by the first importer that can; its photos can be read while the block lasts.

    name: what the user calls it. Raises NotFound and BadDataset.
    """
    _refuse_unreadable(source, name)
    importer = next((each for each in IMPORTERS.values() if each.can_open(source, name)), None)
    if importer is None:
        raise _unknown_format(source, name)
    with importer.open(source, name) as photos:
        yield photos


@contextmanager
def open_upload(folder: Path) -> Iterator[LabeledPhotos | Contents]:
    """An inbox folder: the one archive that was dropped, or the loose files. Raises BadDataset."""
    files = inbox.received_files(folder)
    labels = {path: inbox.given_labels(path) for path, _ in files}
    if any(labels.values()):
        yield label_dropped_files(files, labels)
        return
    endings = {each for importer in IMPORTERS.values() for each in importer.endings}
    # One that lies in a dropped folder beside other files is one of its files, and no more.
    archives = [
        (path, name) for path, name in files if ending(name) in endings and ("/" not in name or len(files) == 1)
    ]
    if len(archives) > 1:
        raise BadDataset(
            f"{len(archives)} archives were dropped at once.", "Drop one; add the others to it afterwards."
        )
    if archives:
        path, archive = archives[0]
        with open_source(path, archive) as photos:
            beside = (
                Rejected(tidy(name), f'It was dropped beside "{archive}": add it by itself.')
                for _, name in files
                if name != archive
            )
            yield replace(photos, rejected=(*photos.rejected, *beside))
    elif len(files) == 1 and ending(files[0][1]) in ARCHIVES:
        raise _unknown_format(*files[0])
    else:
        with open_dropped_files(files) as photos:
            yield photos


def _refuse_unreadable(source: Path, name: str) -> None:
    """Said before any importer looks: what is not there, may not be read, or would be waited for."""
    try:
        kind = source.stat().st_mode
        if stat.S_ISREG(kind):
            source.open("rb").close()
    except FileNotFoundError as error:
        raise NotFound(f'"{shorten(source)}" does not exist.', "Check its name.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no name of a file"
        raise NotFound(
            f'"{shorten(source)}" cannot be read: {reason}.', "Check its name, and that you may read it."
        ) from error
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise BadDataset(
            f'"{shorten(name)}" is a pipe, a socket or a device, and no file.', "Choose a file or a folder."
        )


def _unknown_format(source: Path, name: str) -> BadDataset:
    if source.is_file() and source.stat().st_size == 0:
        return BadDataset(f'"{name}" is empty: it has no bytes.', "Copy or download it again.")
    if ending(name) == "zip":
        return BadDataset(f'"{name}" is not a zip archive, whatever its name says.', "Pack it anew.")
    if ending(name) in ARCHIVES:
        return BadDataset(
            f'"{name}" is an archive of another kind than zip.', "Unpack it on your computer and import the folder."
        )
    *titles, last = (importer.title for importer in IMPORTERS.values())
    return BadDataset(f'"{name}" is neither {", ".join(titles)} nor {last}.', "Choose one of these.")
