"""A table as a source (CSV, TSV, JSON lines, a JSON list): the photos that it names lie in the same folder or below."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.datasets.sources.folder import list_folder
from core.datasets.sources.labeled_photos import Contents, Importer
from core.datasets.sources.names import TABLES, ending
from core.datasets.sources.table_file import read_table


@contextmanager
def open_csv(path: Path, name: str) -> Iterator[Contents]:
    """The files beside this table, and of the tables this one alone. Raises BadDataset where it cannot be read."""
    contents = list_folder(path.parent, str(path.parent))
    only = tuple(replace(table, name=name) for table in contents.tables if table.name == path.name)
    for entry in only:
        read_table(entry)
    yield replace(contents, name=name, tables=only, is_a_table=True)


CSV = Importer(
    id="csv",
    title="a CSV file",
    takes="photos with a table (CSV) that names their classes",
    can_open=lambda path, name: path.is_file() and ending(name) in TABLES,
    open=open_csv,
)
