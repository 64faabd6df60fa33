"""What a source says about its photos before anybody decides what it means: a row per photo, a column per saying."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.datasets.dataset import Rejected
from core.datasets.limits import TOTAL_BYTES
from core.datasets.sources.labeled_photos import Entry

# Where a column comes from: a column of a table, the folders, parts of the files' names, which table names the photo.
Origin = Literal["table", "folders", "names", "tables"]

CLASS_FOLDER, OUTER_FOLDER, SPLIT_FOLDER, WHICH_TABLE = "folder", "outer folder", "split folder", "table"


@dataclass(frozen=True)
class Column:
    """values: what it says about each photo, "" where it says nothing. conflicts: photos about which it says several
    things; the first counts."""

    name: str
    origin: Origin
    values: tuple[str, ...]
    conflicts: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PhotoTable:
    """The photos of a source with all that is said about them.

    source: what the user calls it. entries: the pictures. said: what the table calls each, "" where none names it.
    photo_column: of the tables, which column names the photos; "" without a table. tables: those that are read.
    certain: whether the columns are named by a format that leaves no doubt, such as Graft's own zip. notes: what was
    done to understand it, in sentences. rejected: what is not taken, with the reason.
    """

    source: str
    entries: tuple[Entry, ...]
    columns: tuple[Column, ...]
    said: tuple[str, ...] = ()
    photo_column: str = ""
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    limit_bytes: int = TOTAL_BYTES
    certain: bool = False
    names: Mapping[str, str] = field(default_factory=dict)  # of entries that are to be called otherwise

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries)

    def column(self, name: str) -> Column:
        """Raises KeyError."""
        return {column.name: column for column in self.columns}[name]

    @property
    def origin(self) -> str:
        """Where the photos and what is said about them come from, for screens."""
        others = [table for table in self.tables if table != self.source]
        return ", ".join([self.source, *others])
