"""Loose files that were dropped, with the folders they came in, as a source."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.sources.class_folders import label_photos
from core.datasets.sources.labeled_photos import Contents, Entry, LabeledPhotos, file_entry
from core.datasets.sources.names import (
    ARCHIVES,
    PICTURES,
    TABLES,
    TOO_DEEP,
    ending,
    is_noise,
    is_too_deep,
    tidy,
    tidy_path,
)
from core.names import shorten


@contextmanager
def open_dropped_files(files: Sequence[tuple[Path, str]]) -> Iterator[LabeledPhotos]:
    """files: where each lies, and the name that it had on the user's computer. Raises BadDataset."""
    folders = {name.split("/")[0] for _, name in files if "/" in name}
    yield label_photos(_contents(files, folders.pop() if len(folders) == 1 else "the dropped files"))


def _contents(files: Sequence[tuple[Path, str]], name: str) -> Contents:
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    for path, original_name in files:
        if is_too_deep(original_name):
            rejected.append(Rejected(shorten(original_name), TOO_DEEP))
            continue
        inside = tidy_path(original_name)
        if inside is None:
            rejected.append(Rejected(tidy(original_name) or path.name, "Its name points outside the folder."))
        elif is_noise(inside):
            continue
        elif ending(inside) in ARCHIVES:
            rejected.append(Rejected(inside, "An archive in the folder is not opened; add it by itself."))
        elif ending(inside) in PICTURES | TABLES:
            entry = file_entry(inside, path)
            (tables if ending(inside) in TABLES else pictures).append(entry)
    return Contents(name, tuple(pictures), tuple(tables), tuple(rejected))
