"""A folder on this machine as a source. Links that lead out of it are not followed."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.limits import FILES
from core.datasets.sources.labeled_photos import Contents, Entry, Importer, file_entry
from core.datasets.sources.names import TOO_DEEP, is_too_deep, tidy
from core.datasets.sources.not_taken import file_kind, not_taken
from core.errors import BadDataset
from core.names import shorten


def list_folder(folder: Path, name: str) -> Contents:
    """The folder's files, at any depth, in an order that is the same everywhere. Raises BadDataset."""
    root = folder.resolve()
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    others: list[str] = []
    unreadable: list[OSError] = []
    for path in _walk(root, unreadable.append):
        inside = "/".join(tidy(part) for part in path.relative_to(root).parts)
        kind = file_kind(inside)
        if kind == "noise":
            continue
        if is_too_deep(inside):
            rejected.append(Rejected(shorten(inside), TOO_DEEP))
        elif kind == "archive":
            rejected.append(Rejected(inside, "An archive in the folder is not opened; import it by itself."))
        elif reason := _why_not_read(path, root):
            rejected.append(Rejected(inside, reason))
        elif kind == "other":
            others.append(inside)
        else:
            (tables if kind == "table" else pictures).append(file_entry(inside, path))
        if len(pictures) > FILES:
            raise BadDataset(f'"{name}" holds more than {FILES:,} photos.', "Import it in parts.")
    rejected += [_unread_folder(error, root, name) for error in unreadable]
    return Contents(name, tuple(pictures), tuple(tables), (*rejected, *not_taken(others)))


def _why_not_read(path: Path, root: Path) -> str:
    """Why this can be no photo, without waiting for it: reading a pipe lasts until somebody writes into it."""
    try:
        if path.is_symlink() and (os.path.isdir(path) or not path.resolve().is_relative_to(root)):
            return "It is a link that leads elsewhere; only what lies in the folder is read."
        is_file = stat.S_ISREG(path.stat().st_mode)
    except RuntimeError:  # what Path.resolve makes of links that lead to each other
        return "It is a link that leads back to itself."
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    return "" if is_file else "It is a pipe, a socket or a device, and no file."


def _unread_folder(error: OSError, root: Path, name: str) -> Rejected:
    """A folder that may not be looked into. Raises BadDataset where it is the whole source."""
    place = Path(error.filename or root)
    if place == root:
        raise BadDataset(
            f'The folder "{shorten(name)}" cannot be read: {error.strerror}.', "Check that you may read it."
        ) from error
    inside = "/".join(tidy(part) for part in place.relative_to(root).parts)
    return Rejected(shorten(inside), f"The folder cannot be read: {error.strerror}. What lies in it is missing here.")


def _walk(root: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """Files, and links to folders. unreadable: is told of each folder that cannot be looked into."""
    for place, folders, files in os.walk(root, followlinks=False, onerror=unreadable):
        folders.sort()
        yield from (Path(place, name) for name in sorted(files))
        yield from (Path(place, name) for name in folders if Path(place, name).is_symlink())


@contextmanager
def open_folder(path: Path, name: str) -> Iterator[Contents]:
    """The files of a folder. Raises BadDataset."""
    yield list_folder(path, name)


FOLDER = Importer(
    id="folder",
    title="a folder",
    takes="a folder with one folder per class",
    can_open=lambda path, name: path.is_dir(),
    open=open_folder,
)
