"""A look at a source before it is imported: what its columns mean, and its first photos."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.datasets.columns import ColumnChoice, Understanding
from core.datasets.decoding import decode_within
from core.datasets.importing import AS_GUESSED, open_any, understand_source
from core.datasets.limits import PREVIEW_BYTES
from core.datasets.sources.labeled_photos import UNREADABLE, Entry
from core.errors import BadDataset
from core.home import Home

PHOTOS = 12  # that are shown
SIDE = 160  # pixels of the longer side


@dataclass(frozen=True)
class SourcePreview:
    """thumbnails: of some photos, evenly over the source, a JPEG by the photo's name."""

    understanding: Understanding
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)


def preview_source(home: Home, source: Path, columns: ColumnChoice = AS_GUESSED) -> Understanding | None:
    """What an import of this source, or inbox folder, would understand; None for a format that leaves no doubt.

    Its photos can no longer be read. Raises like `import_dataset`.
    """
    with open_any(home, source) as opened:
        return understand_source(home, opened, columns)


def preview_in_doubt(home: Home, source: Path, columns: ColumnChoice = AS_GUESSED) -> SourcePreview | None:
    """The same with thumbnails, for a person to decide; None where there is nothing to look at: a format that leaves
    no doubt, plain class folders, one column of files and one of classes.
    """
    with open_any(home, source) as opened:
        understanding = understand_source(home, opened, columns)
        if understanding is None or not (columns or is_in_doubt(understanding)):
            return None
        return SourcePreview(understanding, _thumbnails(understanding))


def is_in_doubt(understanding: Understanding) -> bool:
    """Whether a person should look at it: something is asked, there are several columns beside that of the files, or
    parts of names are taken for groups."""
    table = understanding.table
    if understanding.questions:
        return True
    by_names = any(table.column(name).origin in ("names", "folders") for name in understanding.columns("group"))
    columns = sum(column.origin == "table" for column in table.columns)
    return not table.certain and (by_names or columns > 1)


def _thumbnails(understanding: Understanding) -> dict[str, bytes]:
    """Photos that cannot be decoded have none; the import says why."""
    table = understanding.table
    found = {}
    for entry in _spread(table.entries):
        try:
            with entry.open() as stream:
                picture = decode_within(stream.read(PREVIEW_BYTES), SIDE)
        except (BadDataset, *UNREADABLE):
            continue
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80)
        found[table.names.get(entry.name, entry.name)] = out.getvalue()
    return found


def _spread(entries: Sequence[Entry]) -> list[Entry]:
    count = min(PHOTOS, len(entries))
    return [entries[number * len(entries) // count] for number in range(count)]
