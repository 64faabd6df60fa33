"""Loose files that were dropped, with the folders they came in, as a source."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.sources.labeled_photos import Contents, Entry, file_entry
from core.datasets.sources.names import TOO_DEEP, is_too_deep, tidy, tidy_path
from core.datasets.sources.not_taken import file_kind, not_taken
from core.names import shorten


@contextmanager
def open_dropped_files(files: Sequence[tuple[Path, str]]) -> Iterator[Contents]:
    """files: where each lies, and the name that it had on the user's computer. Raises BadDataset."""
    folders = {name.split("/")[0] for _, name in files if "/" in name}
    yield _contents(files, folders.pop() if len(folders) == 1 else "the dropped files")


def _contents(files: Sequence[tuple[Path, str]], name: str) -> Contents:
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    others: list[str] = []
    for path, original_name in files:
        if is_too_deep(original_name):
            rejected.append(Rejected(shorten(original_name), TOO_DEEP))
            continue
        inside = tidy_path(original_name)
        if inside is None:
            rejected.append(Rejected(tidy(original_name) or path.name, "Its name points outside the folder."))
            continue
        kind = file_kind(inside)
        if kind == "archive":
            rejected.append(Rejected(inside, "An archive in the folder is not opened; add it by itself."))
        elif kind == "other":
            others.append(inside)
        elif kind != "noise":
            (tables if kind == "table" else pictures).append(file_entry(inside, path))
    return Contents(name, tuple(pictures), tuple(tables), (*rejected, *not_taken(others)))
