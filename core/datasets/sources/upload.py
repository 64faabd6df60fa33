"""Loose files that were dropped, with the folders they came in, as a source."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.datasets.dataset import Rejected
from core.datasets.sources.labeled_photos import CLASS, Contents, Entry, LabeledPhoto, LabeledPhotos, file_entry
from core.datasets.sources.names import TOO_DEEP, is_too_deep, tidy, tidy_path
from core.datasets.sources.not_taken import file_kind, not_taken
from core.names import shorten


@contextmanager
def open_dropped_files(files: Sequence[tuple[Path, str]]) -> Iterator[Contents]:
    """files: where each lies, and the name that it had on the user's computer. Raises BadDataset."""
    yield _contents(files, _common_name(files))


def _common_name(files: Sequence[tuple[Path, str]]) -> str:
    """What the user calls all of them: the folder they came in, or the one file."""
    tops = {name.split("/")[0] for _, name in files}
    folders = {name.split("/")[0] for _, name in files if "/" in name}
    names = folders or tops
    return shorten(tidy(names.pop())) if len(names) == 1 else "the dropped files"


def label_dropped_files(files: Sequence[tuple[Path, str]], labels: Mapping[Path, Mapping[str, str]]) -> LabeledPhotos:
    """Loose files as a person sorted them in the browser. labels: class by label column, "" being the only one."""
    photos: list[LabeledPhoto] = []
    rejected: list[Rejected] = []
    others: list[str] = []
    for path, original_name in files:
        name = tidy(original_name) or path.name
        if labels[path]:
            said = {task or CLASS: label for task, label in labels[path].items()}
            photos.append(LabeledPhoto(name, file_entry(name, path).open, said))
        elif file_kind(name) == "picture":
            rejected.append(Rejected(name, "Nobody said what it shows."))
        else:
            others.append(name)
    bytes_ = sum(path.stat().st_size for path, _ in files)
    return LabeledPhotos(photos, "the dropped files", (*rejected, *not_taken(others)), len(photos), bytes=bytes_)


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
