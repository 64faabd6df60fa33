"""A CSV or TSV beside photos: one column names the photos, found by looking; the others are labels."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from core.datasets.dataset import Rejected
from core.datasets.sources.labeled_photos import Contents, Entry, LabeledPhoto, LabeledPhotos
from core.datasets.sources.names import ending, split_named
from core.datasets.sources.table_file import Table, read_table
from core.errors import BadDataset
from core.tasks import LABEL, Split

LOOKED_AT = 200  # rows that are tried to find the column of photos
_EMPTY = frozenset({"", "nan", "null", "n/a"})
_SPLIT_COLUMNS = frozenset({"split", "set", "subset", "partition", "usage"})
_GROUP_COLUMNS = frozenset({"group", "group_id", "groups"})
_LABEL_COLUMNS = frozenset({"label", "labels", "class", "category", "target", "species", "kind"})


@dataclass(frozen=True)
class _Roles:
    """What the columns mean. labels: those that become tasks; ignored: those that can be none."""

    image: str
    labels: tuple[str, ...]
    split: str | None
    group: str | None
    ignored: tuple[str, ...]


def read_tables(contents: Contents) -> LabeledPhotos | None:
    """The photos as the one table says that names most of them; None when no table names photos and labels them."""
    if not contents.tables:
        return None
    shelf = _Shelf(contents.pictures)
    best: tuple[int, Table, _Roles] | None = None
    for table in _readable(contents.tables):
        image = _image_column(table, shelf)
        if image is None:
            continue
        roles, named = _roles(table, image), len(_sample_found(table, image, shelf))
        if roles.labels and (best is None or (named, len(table.rows)) > (best[0], len(best[1].rows))):
            best = named, table, roles
    return None if best is None else _offer(contents, shelf, best[1], best[2])


def _readable(tables: Iterable[Entry]) -> Iterator[Table]:
    """A table that cannot be read labels nothing; class folders beside it still may."""
    for entry in tables:
        with suppress(BadDataset):
            yield read_table(entry)


class _Shelf:
    """Finds a picture by what a table calls it: its path, the end of its path, with or without its ending."""

    def __init__(self, pictures: Iterable[Entry]) -> None:
        self.by_path: dict[str, Entry] = {}
        self.by_end: dict[str, Entry | None] = {}  # None: several have it
        for entry in pictures:
            self.by_path[entry.name] = entry
            path = entry.name.casefold()
            stem = path.removesuffix("." + ending(path))
            for whole in (path, stem):
                parts = whole.split("/")
                for start in range(len(parts)):
                    end = "/".join(parts[start:])
                    self.by_end[end] = entry if end not in self.by_end else None

    def find(self, value: str, base: str) -> Entry | None:
        """base: the folder of the table. What climbs out of the source is looked for by its end alone."""
        value = value.replace("\\", "/")
        path = posixpath.normpath(posixpath.join(base, value))
        if path in self.by_path:
            return self.by_path[path]
        parts = [part for part in value.casefold().split("/") if part not in ("", ".", "..")]
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((entry for end in ends if (entry := self.by_end.get(end))), None)


def _image_column(table: Table, shelf: _Shelf) -> str | None:
    """The column whose values name the most different photos; at least every second must name one."""
    best, most = None, 0
    for name in table.header:
        found = _sample_found(table, name, shelf)
        if len(found) > most:
            best, most = name, len(found)
    return best


def _sample_found(table: Table, column: str, shelf: _Shelf) -> set[str]:
    values = [value for value in table.column(column) if value]
    sample = values[:: max(1, len(values) // LOOKED_AT)]
    base = posixpath.dirname(table.name)
    entries = [entry for value in sample if (entry := shelf.find(value, base))]
    return {entry.name for entry in entries} if 2 * len(entries) >= len(sample) else set()


def _roles(table: Table, image: str) -> _Roles:
    others = [name for name in table.header if name != image]
    # A table that Graft wrote itself says which columns are labels, whatever stands in them.
    if own := tuple(name for name in others if name.startswith(LABEL)):
        split, group = "split" if "split" in others else None, "group" if "group" in others else None
        return _Roles(image, own, split, group, tuple(name for name in others if name not in (*own, split, group)))
    split = next((n for n in others if n.lower() in _SPLIT_COLUMNS and _says_splits(table.column(n))), None)
    group = next((n for n in others if n.lower() in _GROUP_COLUMNS), None)
    candidates = [name for name in others if name not in (split, group)]
    labels = tuple(name for name in candidates if _is_label(table.column(name)))
    if not labels:
        labels = tuple(n for n in candidates if n.lower() in _LABEL_COLUMNS) or _fewest_values(table, candidates)
    if len(labels) > 1:  # a column that always says the same teaches nothing beside others
        labels = tuple(name for name in labels if len(_classes(table.column(name))) > 1) or labels[:1]
    return _Roles(image, labels, split, group, tuple(name for name in candidates if name not in labels))


def _says_splits(values: list[str]) -> bool:
    return any(values) and all(not value or split_named(value) for value in values)


def _classes(values: list[str]) -> Counter[str]:
    return Counter(value for value in values if value.casefold() not in _EMPTY)


def _is_label(values: list[str]) -> bool:
    """Classes come back: at most half as many as rows. Measurements (1.25, 3.7) are none."""
    classes = _classes(values)
    fractions = sum(_is_fraction(value) for value in classes)
    return 0 < 2 * len(classes) <= classes.total() and 2 * fractions <= len(classes)


def _is_fraction(value: str) -> bool:
    try:
        return "." in value and not float(value).is_integer()
    except ValueError:
        return False


def _fewest_values(table: Table, candidates: list[str]) -> tuple[str, ...]:
    filled = {name: len(_classes(table.column(name))) for name in candidates}
    with_values = [name for name in candidates if filled[name]]
    return (min(with_values, key=filled.__getitem__),) if with_values else ()


def _offer(contents: Contents, shelf: _Shelf, table: Table, roles: _Roles) -> LabeledPhotos:
    base = posixpath.dirname(table.name)
    found: dict[str, LabeledPhoto] = {}
    rejected = list(contents.rejected)
    not_there = f'"{table.name}" names it, but it is not there.'  # one string: a table may have a million such rows
    for row in table.rows:
        cells = dict(zip(table.header, row, strict=True))
        name = cells[roles.image]
        entry = shelf.find(name, base) if name else None
        if entry is None:
            rejected.append(Rejected(name or "(no name)", not_there))
            continue
        photo = _found(entry, cells, roles)
        first = found.setdefault(entry.name, photo)
        if first.labels != photo.labels:
            rejected.append(Rejected(name, f'"{table.name}" names it twice with different labels; the first counts.'))
    rejected += [
        Rejected(entry.name, f'"{table.name}" does not name it, so nothing says what it shows.')
        for entry in contents.pictures
        if entry.name not in found
    ]
    return LabeledPhotos(
        list(found.values()),
        _origin(contents, table, roles),
        tuple(rejected),
        len(found),
        contents.limit_bytes,
        contents.bytes,
    )


def _found(entry: Entry, cells: dict[str, str], roles: _Roles) -> LabeledPhoto:
    labels = {name.removeprefix(LABEL): cells[name] for name in roles.labels if not _is_empty(name, cells[name])}
    split: Split | None = split_named(cells[roles.split]) if roles.split else None
    return LabeledPhoto(entry.name, entry.open, labels, split, (cells[roles.group] or None) if roles.group else None)


def _is_empty(column: str, cell: str) -> bool:
    return not cell or (cell.casefold() in _EMPTY and not column.startswith(LABEL))


def _origin(contents: Contents, table: Table, roles: _Roles) -> str:
    where = contents.name if table.name == contents.name else f"{contents.name}, {table.name}"
    if not roles.ignored:
        return where
    return f"{where} (columns that are no labels: {', '.join(roles.ignored)})"
