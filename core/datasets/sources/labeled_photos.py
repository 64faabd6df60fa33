"""Photos with labels: what every importer gives, and what declares an importer."""

import lzma
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

from core.datasets.dataset import Rejected
from core.datasets.limits import TOTAL_BYTES
from core.tasks import Split

CLASS = "class"  # the task that class folders make

# What reading a file out of a folder or a damaged archive raises: zipfile passes on its decompressors' own errors.
UNREADABLE = (OSError, BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, RuntimeError)


@dataclass(frozen=True)
class Entry:
    """A file inside a source. name: its place there with forward slashes; never a path on this machine."""

    name: str
    bytes: int
    open: Callable[[], BinaryIO]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))


def file_entry(name: str, path: Path) -> Entry:
    """The entry of a file on this machine."""
    return Entry(name, path.stat().st_size, lambda: path.open("rb"))


@dataclass(frozen=True)
class Contents:
    """The files of a source before anybody knows what they mean.

    name: what the user calls the source, for sentences. pictures, tables: by their ending. rejected: what can be no
    photo, with the reason. limit_bytes: more than this is never read from it. is_a_table: whether a table was given
    by itself, so that it has to name the photos.
    """

    name: str
    pictures: tuple[Entry, ...]
    tables: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    limit_bytes: int = TOTAL_BYTES
    is_a_table: bool = False

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.pictures)


@dataclass(frozen=True)
class LabeledPhoto:
    """One photo of a source.

    name: what it is called there. open: gives a binary stream, each time from the start. labels: class by task name;
    a task that is absent or "" is a missing label. split, group: where the source says so.
    """

    name: str
    open: Callable[[], BinaryIO]
    labels: Mapping[str, str] = field(default_factory=dict)
    split: Split | None = None
    group: str | None = None


@dataclass(frozen=True)
class LabeledPhotos:
    """The photos of a source.

    photos: may be made while they are imported. origin: where the labels come from, for screens. rejected: files that
    are no photos. count: of the photos, 0 where it is not known. limit_bytes: more than this is never read from the
    source; bytes: what the photos take, as far as it is known. notes: how the source was understood, in sentences.
    """

    photos: Iterable[LabeledPhoto]
    origin: str = ""
    rejected: tuple[Rejected, ...] = ()
    count: int = 0
    limit_bytes: int = TOTAL_BYTES
    bytes: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importer:
    """A format of photos with labels that Graft reads. Registered in `core.datasets.sources`.

    title: with its article, for sentences. takes: what to give it, for the place where photos are dropped. endings: of
    files that hold photos by themselves, so that one dropped alone is opened by this importer. can_open, open: get
    where the source lies, and what the user calls it; photos can be read while the block of `open` lasts. What leaves
    no doubt is given as LabeledPhotos; files whose tables, folders or names have to be understood as Contents
    (`core.datasets.columns`). open raises BadDataset.
    """

    id: str
    title: str
    takes: str
    can_open: Callable[[Path, str], bool]
    open: Callable[[Path, str], AbstractContextManager[LabeledPhotos | Contents]]
    endings: frozenset[str] = frozenset()
