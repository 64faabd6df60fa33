"""What was decided about the columns of a table, for the next table with the same header."""

import json

from core.datasets.columns.roles import ROLES, ColumnChoice
from core.datasets.sources.photo_table import PhotoTable
from core.home import Home, write_json
from core.tasks import SPLITS

MOST_TABLES = 200  # those decided longest ago are forgotten first


def recall(home: Home, table: PhotoTable) -> ColumnChoice:
    """What was last decided for such a table; nothing where none was, or for photos without a table."""
    said = _read(home).get(_header(table)) if table.tables else None
    if not isinstance(said, dict):
        return ColumnChoice()
    known = {table.photo_column, *(column.name for column in table.columns)}
    roles, words = said.get("roles"), said.get("split_words")
    return ColumnChoice(
        {name: role for name, role in roles.items() if name in known and role in ROLES}
        if isinstance(roles, dict)
        else {},
        {word: split for word, split in words.items() if split in SPLITS} if isinstance(words, dict) else {},
    )


def remember(home: Home, table: PhotoTable, choice: ColumnChoice) -> None:
    """Keep a choice for tables with this header. Raises DiskFull."""
    if not choice or not table.tables:
        return
    known = _read(home)
    known.pop(_header(table), None)
    known[_header(table)] = {"roles": dict(choice.roles), "split_words": dict(choice.split_words)}
    write_json(home.columns, dict(list(known.items())[-MOST_TABLES:]))


def _header(table: PhotoTable) -> str:
    """The names of all columns in their order; those of the folders are the same everywhere and say nothing more."""
    names = [table.photo_column, *(column.name for column in table.columns if column.origin == "table")]
    return json.dumps(names, ensure_ascii=False)


def _read(home: Home) -> dict[str, object]:
    try:
        known = json.loads(home.columns.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # not there yet, or damaged: then nothing is remembered
    return known if isinstance(known, dict) else {}
