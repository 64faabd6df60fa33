"""A folder on this machine as a source. Links that lead out of it are not followed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.limits import FILES
from core.datasets.sources.class_folders import label_photos
from core.datasets.sources.labeled_photos import Contents, Entry, Importer, LabeledPhotos, file_entry
from core.datasets.sources.names import ARCHIVES, PICTURES, TABLES, ending, is_noise, tidy
from core.errors import BadDataset


def list_folder(folder: Path, name: str) -> Contents:
    """The folder's files, at any depth, in an order that is the same everywhere. Raises BadDataset."""
    root = folder.resolve()
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    for path in _walk(root):
        inside = "/".join(tidy(part) for part in path.relative_to(root).parts)
        kind = ending(inside)
        if is_noise(inside) or (not path.is_dir() and kind not in PICTURES | TABLES | ARCHIVES):
            continue
        if path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(root)):
            rejected.append(
                Rejected(inside, "It is a link that leads elsewhere; only what lies in the folder is read.")
            )
        elif kind in ARCHIVES:
            rejected.append(Rejected(inside, "An archive in the folder is not opened; import it by itself."))
        elif path.is_file():
            (tables if kind in TABLES else pictures).append(file_entry(inside, path))
        if len(pictures) > FILES:
            raise BadDataset(f'"{name}" holds more than {FILES:,} photos.', "Import it in parts.")
    return Contents(name, tuple(pictures), tuple(tables), tuple(rejected))


def _walk(root: Path) -> Iterator[Path]:
    """Files, and links to folders."""
    for place, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        yield from (Path(place, name) for name in sorted(files))
        yield from (Path(place, name) for name in folders if Path(place, name).is_symlink())


@contextmanager
def open_folder(path: Path, name: str) -> Iterator[LabeledPhotos]:
    """Photos of a folder, as a table in it or their class folders label them. Raises BadDataset."""
    yield label_photos(list_folder(path, name))


FOLDER = Importer(
    id="folder",
    title="a folder",
    takes="a folder with one folder per class",
    can_open=lambda path, name: path.is_dir(),
    open=open_folder,
)
