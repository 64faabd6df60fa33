"""A zip archive as a source. Nothing is unpacked ahead and no name in it is ever used as a path."""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.datasets.dataset import Rejected
from core.datasets.limits import DIRECTORY_BYTES, FILES, TOTAL_BYTES, UNPACKED_FREE_BYTES, UNPACKED_RATIO
from core.datasets.sources.labeled_photos import Contents, Entry, Importer
from core.datasets.sources.names import TABLES, TOO_DEEP, ending, is_too_deep, legacy_encoding, tidy, tidy_path
from core.datasets.sources.not_taken import file_kind, not_taken
from core.errors import BadDataset
from core.names import shorten

_ENCRYPTED, _UTF8 = 0x1, 0x800
# zipfile unpacks a chunk of bzip2 or LZMA as far as it goes: 2 kB of bzip2 take 5 GB. Deflate it unpacks bit by bit.
_METHODS = (ZIP_STORED, ZIP_DEFLATED)
# What zipfile lets through when the table of contents itself is damaged.
_DAMAGED = (BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OverflowError)


def is_zip(path: Path) -> bool:
    """By its first bytes: a local header, or the end record of an archive without files."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


@contextmanager
def open_zip(path: Path, name: str) -> Iterator[Contents]:
    """The files of an archive. Raises BadDataset."""
    _refuse_a_huge_directory(path, name)
    try:
        archive = ZipFile(path)
    except _DAMAGED as error:
        raise BadDataset(
            f'The archive "{name}" is damaged or was cut short on its way here.',
            "Copy or download it again, or pack it anew.",
        ) from error
    with archive:
        yield _contents(archive, name, path.stat().st_size)


def _contents(archive: ZipFile, name: str, archive_bytes: int) -> Contents:
    pictures: list[Entry] = []
    tables: list[Entry] = []
    rejected: list[Rejected] = []
    others: list[str] = []
    seen: set[str] = set()
    for info, inner_name in _named(archive):
        if is_too_deep(inner_name):
            rejected.append(Rejected(shorten(inner_name), TOO_DEEP))
            continue
        inside = tidy_path(inner_name)
        if inside is None:
            rejected.append(Rejected(tidy(inner_name), "Its name points outside the archive."))
            continue
        kind = file_kind(inside)
        if kind == "archive":
            rejected.append(Rejected(inside, "An archive inside the archive is not opened; unpack it first."))
        elif inside in seen:
            rejected.append(Rejected(inside, "Another file in the archive has the same name."))
        elif kind == "other":
            others.append(inside)
        elif kind != "noise":
            seen.add(inside)
            _refuse_what_cannot_be_read(info, name)
            entry = Entry(inside, info.file_size, _opener(archive, info))
            (tables if kind == "table" else pictures).append(entry)
    limit = min(TOTAL_BYTES, max(UNPACKED_FREE_BYTES, UNPACKED_RATIO * archive_bytes))
    contents = Contents(name, tuple(pictures), tuple(tables), (*rejected, *not_taken(others)), limit)
    if contents.bytes > limit:
        raise unpacks_to_too_much(name, limit)
    return contents


def unpacks_to_too_much(name: str, limit_bytes: int) -> BadDataset:
    return BadDataset(
        f'"{name}" unpacks to more than {limit_bytes / 2**30:,.0f} GB, far more than photos of its size do.',
        "If the photos are real, unpack it on your computer and import the folder.",
    )


def _named(archive: ZipFile) -> Iterator[tuple[ZipInfo, str]]:
    """Files with their names, those not marked as UTF-8 put right all together."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    raw = {id(i): i.filename.encode("cp437") for i in infos if not i.flag_bits & _UTF8 and not i.filename.isascii()}
    encoding = legacy_encoding(raw.values())
    for info in infos:
        yield info, raw[id(info)].decode(encoding) if id(info) in raw else info.filename


def _refuse_what_cannot_be_read(info: ZipInfo, name: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise BadDataset(
            f'The archive "{name}" is protected by a password.',
            "Unpack it on your computer and drop the folder here instead.",
        )
    if info.compress_type not in _METHODS:
        raise BadDataset(
            f'The archive "{name}" is packed in a way that only some programs can read (method {info.compress_type}).',
            "Pack it as an ordinary zip (Deflate), or unpack it on your computer and import the folder.",
        )


def _opener(archive: ZipFile, info: ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, archive.open(info))


def _refuse_a_huge_directory(path: Path, name: str) -> None:
    """zipfile reads the whole table of contents into memory before one can ask how long it is."""
    with path.open("rb") as file:
        if _directory_bytes(file) > DIRECTORY_BYTES:
            raise BadDataset(f'The archive "{name}" holds more than {FILES:,} files.', "Import it in parts.")


def _directory_bytes(file: IO[bytes]) -> int:
    """What the end record says of the directory's length (APPNOTE.TXT 4.3.16; 4.3.14 for zip64); 0 without one."""
    length = file.seek(0, os.SEEK_END)
    start = max(0, length - 22 - 2**16)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        return 0
    (size,) = struct.unpack_from("<L", tail, end + 12)
    if size == 0xFFFFFFFF and end >= 20 and tail[end - 20 : end - 16] == b"PK\x06\x07":
        (offset,) = struct.unpack_from("<Q", tail, end - 12)
        file.seek(min(offset, length))
        record = file.read(56)
        size = struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else 0
    return size


ZIP = Importer(
    id="zip",
    title="a zip archive",
    takes="a zip of it",
    can_open=lambda path, name: path.is_file() and ending(name) not in TABLES and is_zip(path),
    open=open_zip,
    endings=frozenset({"zip", "tm"}),  # .tm: a project of Teachable Machine
)
