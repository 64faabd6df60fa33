"""What every source ends in: photos that were found, with what is known about each."""

import lzma
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Contents:
    """The files of a source before anybody knows what they mean.

    name: what the user calls the source, for sentences. pictures, tables: by their ending. rejected: what can be no
    photo, with the reason. limit_bytes: more than this is never read from it.
    """

    name: str
    pictures: tuple[Entry, ...]
    tables: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    limit_bytes: int = TOTAL_BYTES

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.pictures)


@dataclass(frozen=True)
class Found:
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
class Offer:
    """A source understood: its photos, and what of it can be none. origin: where the labels come from, for screens."""

    found: Sequence[Found]
    origin: str
    rejected: tuple[Rejected, ...] = ()
    limit_bytes: int = TOTAL_BYTES
    bytes: int = 0
