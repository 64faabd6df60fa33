"""From the files of a source to a row per photo: tables, folders and names are put beside each other."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.datasets.dataset import Rejected
from core.datasets.limits import TABLE_MEMORY_BYTES
from core.datasets.sources.class_folders import folder_columns
from core.datasets.sources.column_words import names_classes
from core.datasets.sources.labeled_photos import Contents, Entry
from core.datasets.sources.name_parts import name_columns
from core.datasets.sources.names import PICTURES, ending, split_in, split_named
from core.datasets.sources.photo_finder import PhotoFinder, has_upload_hashes, without_upload_hash
from core.datasets.sources.photo_table import CLASS_FOLDER, WHICH_TABLE, Column, PhotoTable
from core.datasets.sources.table_file import Table, read_table
from core.datasets.sources.teachable_machine import read_teachable_machine
from core.errors import BadDataset, BadInput
from core.tasks import LABEL, Split

CELLS = 20_000_000  # of all columns for all photos, 8 bytes each
LOOKED_AT = 200  # rows that are tried to find the column of photos
_NO_ROWS = "It names no photo that lies here, so it is not used."


@dataclass(frozen=True)
class _Sheet:
    """A table that names photos. numbers: whether its names lost the zeros at their front. found: entry by row."""

    table: Table
    image: str
    split: Split | None
    numbers: bool
    found: list[Entry | None]

    @property
    def photos(self) -> set[str]:
        return {entry.name for entry in self.found if entry}


def describe(contents: Contents, photo_column: str = "") -> PhotoTable:
    """All that tables, folders and names say about the photos. photo_column: of the tables, where that was decided.

    Raises BadDataset when nothing says anything, BadInput when no table has such a column.
    """
    if project := read_teachable_machine(contents):
        return project
    finder = PhotoFinder(contents.pictures if contents.tables else ())  # every end of every path takes memory
    tables, unread = _readable(contents.tables)
    if photo_column and not any(_named(photo_column, table) for table in tables):
        raise BadInput(f'No table has a column "{photo_column}" that could name photos.', "Name one of its columns.")
    sheets, unused = _sheets(tables, finder, photo_column)
    if contents.is_a_table and not any(len(sheet.table.header) > 1 for sheet in sheets):
        raise BadDataset(
            f'No column of "{contents.name}" names photos that lie in the same folder or below, '
            "with labels beside them.",
            "Put the CSV next to the photos, with one column of file names and one of labels.",
        )
    folders = folder_columns(contents.pictures)
    for sheet in sheets:
        _refuse_too_many_cells(sheet.table, len(contents.pictures))
    families, stray = _families(sheets, len(contents.pictures), _have_classes(folders))
    spoken = _Spoken(contents, families)
    columns = [*spoken.columns, *_renamed(folders, spoken.columns)]
    names = [entry.name for entry in contents.pictures]
    hashed = has_upload_hashes([entry.parts[-1] for entry in contents.pictures])
    called = {name: without_upload_hash(name) for name in names} if hashed else {}
    if len(set(called.values())) < len(called):
        called = {}
    columns += _renamed(name_columns([called.get(name, name) for name in names]), columns)
    return PhotoTable(
        source=contents.name,
        entries=contents.pictures,
        columns=tuple(columns),
        said=spoken.said,
        photo_column=families[0][0].image if families else "",
        tables=tuple(sheet.table.name for family in families for sheet in family),
        certain=any(column.name.startswith(LABEL) for column in spoken.columns),
        notes=spoken.notes,
        rejected=(*contents.rejected, *unread, *unused, *stray, *spoken.absent),
        limit_bytes=contents.limit_bytes,
        names=called,
    )


def _refuse_too_many_cells(table: Table, pictures: int) -> None:
    """Each column gets a cell for each picture, also for those that the table does not name."""
    if len(table.header) * pictures > CELLS:
        raise BadDataset(
            f'The table "{table.name}" has {len(table.header):,} columns for {pictures:,} photos: that is too large.',
            "Leave out columns that say nothing of the photos.",
        )


def _readable(entries: Iterable[Entry]) -> tuple[list[Table], list[Rejected]]:
    """A table that cannot be read says nothing; class folders beside it still may. All share one bound of memory."""
    tables: list[Table] = []
    unread: list[Rejected] = []
    for entry in entries:
        try:
            tables.append(read_table(entry, TABLE_MEMORY_BYTES - sum(table.bytes for table in tables)))
        except BadDataset as error:
            unread.append(Rejected(entry.name, error.sentence))
    return tables, unread


# Which tables name photos


def _sheets(tables: Iterable[Table], finder: PhotoFinder, photo_column: str) -> tuple[list[_Sheet], list[Rejected]]:
    sheets, unused = [], []
    for table in tables:
        sheet = _sheet(table, finder, photo_column)
        if sheet is None:
            unused.append(Rejected(table.name, _NO_ROWS))
        elif "submission" in table.name.casefold():
            unused.append(Rejected(table.name, "It is a form for predictions, so its labels are no labels."))
        else:
            sheets.append(sheet)
    return sheets, unused


def _sheet(table: Table, finder: PhotoFinder, photo_column: str) -> _Sheet | None:
    base, split = posixpath.dirname(table.name), _split_of(table.name)
    if any(_names_a_photo(cell, finder, base) for cell in table.first):
        table = table.without_header()
    for numbers in (False, True):

        def find(value: str, numbers: bool = numbers) -> Entry | None:
            found = finder.find(value, base, split) if value else None
            return found or (finder.find_number(value, split) if value and numbers else None)

        names = _named(photo_column, table) or list(table.header)
        samples = {name: [find(value) for value in _sample(table.column(name))] for name in names}
        named = {name: {entry.name for entry in sample if entry} for name, sample in samples.items()}
        able = [n for n in names if named[n] and 2 * sum(e is not None for e in samples[n]) >= len(samples[n])]
        if able:
            image = max(able, key=lambda name: len(named[name]))
            return _Sheet(table, image, split, numbers, [find(value) for value in table.column(image)])
    return None


def _named(column: str, table: Table) -> list[str]:
    """The column of that name, capitals or not, if the table has it."""
    return [name for name in table.header if column and name.casefold() == column.casefold()][:1]


def _sample(values: list[str]) -> list[str]:
    filled = [value for value in values if value]
    return filled[:: max(1, len(filled) // LOOKED_AT)]


def _names_a_photo(cell: str, finder: PhotoFinder, base: str) -> bool:
    return ending(cell) in PICTURES and finder.find(cell, base) is not None


def _split_of(table: str) -> Split | None:
    """What the name of a table says, or else its folder: test.csv, labels_train.csv, valid/_classes.csv."""
    folder, _, file = table.rpartition("/")
    return split_in(file.rpartition(".")[0]) or split_named(folder.rpartition("/")[2])


# Which tables belong together


def _have_classes(folders: Iterable[Column]) -> bool:
    return any(column.name == CLASS_FOLDER and len(set(column.values) - {""}) > 1 for column in folders)


def _families(
    sheets: Sequence[_Sheet], pictures: int, have_class_folders: bool
) -> tuple[list[list[_Sheet]], list[Rejected]]:
    """Tables of one header, each with other photos; then others about the same photos. The rest is listed."""
    by_header: dict[tuple[str, ...], list[_Sheet]] = defaultdict(list)
    for sheet in sheets:
        by_header[(sheet.image, *sheet.table.header)].append(sheet)
    families = sorted(by_header.values(), key=lambda each: (len(_photos(each)), _rows(each)), reverse=True)
    kept: list[list[_Sheet]] = []
    stray: list[Rejected] = []
    for family in families:
        photos = _photos(family)
        if have_class_folders and 2 * len(photos) < pictures and not names_classes(family[0].table.header):
            reason = f"It names only {len(photos):,} of {pictures:,} photos, which lie in class folders."
        elif kept and 2 * len(photos & _photos(kept[0])) < len(photos):
            reason = f'Its columns are not those of "{kept[0][0].table.name}": import it by itself.'
        else:
            kept.append(family)
            continue
        stray += [Rejected(sheet.table.name, reason) for sheet in family]
    return kept, stray


def _photos(family: Iterable[_Sheet]) -> set[str]:
    return set().union(*(sheet.photos for sheet in family))


def _rows(family: Iterable[_Sheet]) -> int:
    return sum(len(sheet.table.rows) for sheet in family)


class _Spoken:
    """What the tables say about each picture, gathered once."""

    def __init__(self, contents: Contents, families: Sequence[Sequence[_Sheet]]) -> None:
        self.place = {entry.name: number for number, entry in enumerate(contents.pictures)}
        said = [""] * len(self.place)
        absent: dict[str, Rejected] = {}
        columns: list[Column] = []
        for family in families:
            for sheet in family:
                self._note_names(sheet, said, absent)
            columns += _renamed(self._columns(family), columns, family[0].table.name)
        self.columns, self.said, self.absent = columns, tuple(said), tuple(absent.values())
        self.notes = tuple(_zeros_note(sheet) for family in families for sheet in family if sheet.numbers)

    def _note_names(self, sheet: _Sheet, said: list[str], absent: dict[str, Rejected]) -> None:
        for name, entry in zip(sheet.table.column(sheet.image), sheet.found, strict=True):
            if entry is None:
                reason = f'"{sheet.table.name}" names it, but it is not there.'
                absent.setdefault(name, Rejected(name or "(no name)", reason))
            else:
                said[self.place[entry.name]] = said[self.place[entry.name]] or name

    def _columns(self, family: Sequence[_Sheet]) -> list[Column]:
        first = family[0]
        columns = [self._column(family, name) for name in first.table.header if name != first.image]
        if len(family) > 1:
            columns.append(self._which_table(family))
        return columns

    def _column(self, family: Sequence[_Sheet], name: str) -> Column:
        values: list[str | None] = [None] * len(self.place)
        conflicts: dict[int, list[str]] = {}
        for sheet in family:
            for value, entry in zip(sheet.table.column(name), sheet.found, strict=True):
                if entry is None:
                    continue
                place = self.place[entry.name]
                known = values[place]
                if known is None:
                    values[place] = value
                elif known != value:
                    conflicts.setdefault(place, [known]).append(value)
        return Column(name, "table", tuple(value or "" for value in values), frozenset(conflicts))

    def _which_table(self, family: Sequence[_Sheet]) -> Column:
        values = [""] * len(self.place)
        titles = _titles([sheet.table.name for sheet in family])
        for title, sheet in zip(titles, family, strict=True):
            for name in sheet.photos:
                values[self.place[name]] = values[self.place[name]] or title
        return Column(WHICH_TABLE, "tables", tuple(values))


def _titles(names: Sequence[str]) -> list[str]:
    """What tells tables apart: their own names, or the folders in which they lie."""
    own = [posixpath.basename(name).rpartition(".")[0] for name in names]
    return own if len(set(own)) == len(own) else [posixpath.dirname(name) for name in names]


def _renamed(columns: Sequence[Column], taken: Sequence[Column], table: str = "") -> list[Column]:
    """Under names that no other column has."""
    names = {column.name for column in taken}
    renamed = []
    for column in columns:
        name = column.name if column.name not in names else f"{column.name} ({table or column.origin})"
        names.add(name)
        renamed.append(replace(column, name=name))
    return renamed


def _zeros_note(sheet: _Sheet) -> str:
    said = sheet.table.column(sheet.image)
    found = [(said[n], e) for n, e in enumerate(sheet.found) if e and not e.parts[-1].startswith(said[n])]
    number, entry = max(found, key=lambda each: len(each[0]))
    return f'The names in "{sheet.table.name}" lost the zeros at their front: {number} is read as "{entry.parts[-1]}".'
