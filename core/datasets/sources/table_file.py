"""A CSV, TSV or JSON file becomes rows of cells: encoding and delimiter are found out, its size is bounded.

The file is read twice and never whole: one of 256 MB takes 1 GB as text where a single letter lies beyond U+FFFF.
"""

import codecs
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from core.datasets.formulas import with_formula
from core.datasets.limits import (
    LABEL_LETTERS,
    TABLE_BYTES,
    TABLE_COLUMNS,
    TABLE_LINE_LETTERS,
    TABLE_MEMORY_BYTES,
    TABLE_ROWS,
)
from core.datasets.sources.json_table import read_json, read_json_lines
from core.datasets.sources.labeled_photos import UNREADABLE, Entry
from core.datasets.sources.names import ending, tidy
from core.errors import BadDataset

DELIMITERS = ",;\t|"
_HEAD_LINES = 20  # that decide about the delimiter
_CHUNK_BYTES = 2**18
_SHARED_CELLS = 50_000  # equal cells are one object while they come within so many different ones
_ROW_BYTES = sys.getsizeof([])  # of a list without its cells
_CELL_BYTES = 8  # of the reference to a cell


@dataclass(frozen=True)
class Table:
    """name: where it lies in the source. header: column names, all different. rows: as long as the header.

    first: the cells of the first line, which may be no header at all; () where the header is certain. bytes: what the
    cells take in memory.
    """

    name: str
    header: tuple[str, ...]
    rows: list[list[str]]
    first: tuple[str, ...] = ()
    bytes: int = 0

    def column(self, name: str) -> list[str]:
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def without_header(self) -> "Table":
        """The same table, its first line being a row like the others."""
        header = tuple(f"column {number}" for number in range(1, len(self.header) + 1))
        return Table(self.name, header, [list(self.first), *self.rows], bytes=self.bytes)


def read_table(entry: Entry, memory_bytes: int = TABLE_MEMORY_BYTES) -> Table:
    """The table in a file; delimiter and encoding are found out. Raises BadDataset, also where it takes more memory."""
    kind = ending(entry.name)
    try:
        encoding = _encoding(entry)
        if kind == "json":
            rows, taken = _rows(_with_header(read_json(_text(entry, encoding), entry.name)), entry.name, memory_bytes)
        elif kind == "jsonl":
            rows, taken = _rows(
                _with_header(read_json_lines(_lines(entry, encoding), entry.name)), entry.name, memory_bytes
            )
        else:
            rows, taken = _rows(_csv_rows(entry, encoding), entry.name, memory_bytes)
    except csv.Error as error:
        raise BadDataset(f'The table "{entry.name}" cannot be read: {error}.', "Save it again as CSV.") from error
    except UNREADABLE as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its file is damaged"
        raise BadDataset(f'The table "{entry.name}" cannot be read: {why}.', "Save it again.") from error
    width = max((len(row) for row in rows), default=0)
    for row in rows:
        row.extend([""] * (width - len(row)))
    if not rows:
        return Table(entry.name, (), [])
    first = () if kind in ("json", "jsonl") else tuple(rows[0])
    return Table(entry.name, _different(rows[0]), rows[1:], first, taken)


def _encoding(entry: Entry) -> str:
    """The encoding of the whole file: what Excel calls "Unicode text", UTF-8, or else what Windows writes."""
    strict, size = codecs.getincrementaldecoder("utf-8")(), 0
    found = "utf-8-sig"
    with entry.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if size == 0 and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                found = "utf-16"
            size += len(chunk)
            if size > TABLE_BYTES:
                raise BadDataset(
                    f'The table "{entry.name}" is larger than {TABLE_BYTES / 2**20:.0f} MB.', "Split it up."
                )
            if found == "utf-8-sig":
                try:
                    strict.decode(chunk)
                except UnicodeDecodeError:
                    found = "cp1252"
    if found == "utf-8-sig" and strict.getstate()[0]:  # the file ends inside a letter
        found = "cp1252"
    return found


def _text(entry: Entry, encoding: str) -> Iterator[str]:
    """Pieces of the file; JSON may be one long line."""
    with io.TextIOWrapper(entry.open(), encoding, errors="replace") as text:
        while piece := text.read(_CHUNK_BYTES):
            yield piece


def _lines(entry: Entry, encoding: str) -> Iterator[str]:
    with io.TextIOWrapper(entry.open(), encoding, errors="replace") as text:
        while line := text.readline(TABLE_LINE_LETTERS + 1):
            if len(line) > TABLE_LINE_LETTERS:
                raise BadDataset(
                    f'The table "{entry.name}" has a line of more than {TABLE_LINE_LETTERS:,} letters.',
                    "Save it again as CSV, with a line for each photo.",
                )
            yield line.replace("\0", "")


def _delimiter(head: Sequence[str]) -> str:
    """The one that cuts the first lines into the most columns, equally many in each line."""

    def columns(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(head, delimiter=delimiter) if row]
        return len(set(widths)) == 1 and widths[0] > 1, max(widths, default=0)

    return max(DELIMITERS, key=columns)


def _csv_rows(entry: Entry, encoding: str) -> Iterator[list[str]]:
    lines = _lines(entry, encoding)
    head = list(islice(lines, _HEAD_LINES))
    said = head[0].strip().lower() if head else ""
    if said.startswith("sep=") and len(said) == len("sep=;"):  # what Excel writes so that another Excel reads it
        return csv.reader(chain(head[1:], lines), delimiter=said[-1])
    return csv.reader(chain(head, lines), delimiter=_delimiter(head))


def _with_header(objects: Iterable[Mapping[str, str]]) -> Iterator[list[str]]:
    """Rows of one length, the keys of all objects before them."""
    found = list(objects)
    keys = list(dict.fromkeys(key for each in found for key in each))
    yield keys
    yield from ([each.get(key, "") for key in keys] for each in found)


def _rows(lines: Iterable[list[str]], name: str, memory_bytes: int) -> tuple[list[list[str]], int]:
    """Rows that are not empty, of tidy cells, and the bytes that they take. Raises BadDataset for too many."""
    rows: list[list[str]] = []
    shared: dict[str, str] = {}
    width = taken = bytes_in_all = 0
    for raw in lines:
        if not any(raw):
            continue
        width = max(width, len(raw))
        row = []
        for cell in raw:
            known = shared.get(cell)
            if known is None:
                known = with_formula(tidy(cell))
                taken += sys.getsizeof(known)
                if len(shared) >= _SHARED_CELLS:
                    shared.clear()
                shared[cell] = known
            row.append(known)
        rows.append(row)
        # Each row becomes as long as the longest: one wide row among many short ones is what takes the memory.
        bytes_in_all = taken + len(rows) * (_ROW_BYTES + _CELL_BYTES * width)
        if width > TABLE_COLUMNS or len(rows) > TABLE_ROWS or bytes_in_all > memory_bytes:
            raise _too_large(name, len(rows), width)
    return rows, bytes_in_all


def _too_large(name: str, rows: int, width: int) -> BadDataset:
    return BadDataset(
        f'The table "{name}" is too large: Graft stopped at row {rows:,}, with {width:,} columns.',
        "Leave out columns that say nothing of the photos, or split it up.",
    )


def _different(header: Sequence[str]) -> tuple[str, ...]:
    """Column names, with a number where one is empty or comes twice."""
    names: dict[str, None] = {}
    for number, cell in enumerate(header, 1):
        name = wanted = cell[:LABEL_LETTERS] or f"column {number}"
        while name in names:
            name = f"{wanted} {number}"
            number += 1
        names[name] = None
    return tuple(names)
