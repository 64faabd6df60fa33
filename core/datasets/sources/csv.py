"""A CSV or TSV file as a source: the photos that it names lie in the same folder or below."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.datasets.sources.folder import list_folder
from core.datasets.sources.label_table import read_tables
from core.datasets.sources.labeled_photos import Importer, LabeledPhotos
from core.datasets.sources.names import TABLES, ending
from core.datasets.sources.table_file import read_table
from core.errors import BadDataset


@contextmanager
def open_csv(path: Path, name: str) -> Iterator[LabeledPhotos]:
    """Photos as this table labels them. Raises BadDataset."""
    contents = list_folder(path.parent, str(path.parent))
    only = tuple(replace(table, name=name) for table in contents.tables if table.name == path.name)
    for entry in only:
        read_table(entry)  # raises with the reason where it cannot be read at all
    photos = read_tables(replace(contents, name=name, tables=only))
    if photos is None:
        raise BadDataset(
            f'No column of "{name}" names photos that lie in the same folder or below, with labels beside them.',
            "Put the CSV next to the photos, with one column of file names and one of labels.",
        )
    yield photos


CSV = Importer(
    id="csv",
    title="a CSV file",
    takes="photos with a table (CSV) that names their classes",
    can_open=lambda path, name: path.is_file() and ending(name) in TABLES,
    open=open_csv,
)
