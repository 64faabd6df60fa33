"""What folders say: the last one is the class; a level of train/validation/test folders above it is the split."""

from collections import Counter
from collections.abc import Sequence

from core.datasets.sources.labeled_photos import Entry
from core.datasets.sources.names import split_named
from core.datasets.sources.photo_table import CLASS_FOLDER, OUTER_FOLDER, SPLIT_FOLDER, Column

SPLIT_DEPTH = 4  # how many folders down a level of splits is still looked for

Folders = tuple[str, ...]


def folder_columns(pictures: Sequence[Entry]) -> list[Column]:
    """The class folder of each picture, the one around that, and the folder of its split, as far as there are any."""
    folders = [entry.parts[:-1] for entry in pictures]
    meaning = _meaning(folders)
    columns = [
        Column(name, "folders", tuple(meaning[place][number] for place in folders))
        for number, name in enumerate((CLASS_FOLDER, OUTER_FOLDER, SPLIT_FOLDER))
    ]
    return [column for column in columns if any(column.values)]


def _meaning(folders: list[Folders]) -> dict[Folders, tuple[str, str, str]]:
    """Class, folder around it and split by folder; no class for photos that lie beside the class folders."""
    counts = Counter(folders)
    if _splits_are_innermost(list(counts)):
        return {place: (place[-2], place[-3] if len(place) > 2 else "", place[-1]) for place in counts}
    level = _split_level(counts)
    wrapper = _common(list(counts))
    return {place: (_class(place, level, wrapper), _outer(place, level), _split(place, level)) for place in counts}


def _class(place: Folders, level: int | None, wrapper: Folders) -> str:
    beside_classes = not place or (place == wrapper)
    return "" if beside_classes or _in_split_only(place, level) else place[-1]


def _outer(place: Folders, level: int | None) -> str:
    return place[-2] if len(place) > 1 and len(place) - 2 != level else ""


def _split(place: Folders, level: int | None) -> str:
    if level is None or len(place) <= level:
        return ""
    return place[level] if len(place) > level + 1 or _in_split_only(place, level) else ""


def _in_split_only(place: Folders, level: int | None) -> bool:
    return level is not None and len(place) == level + 1 and split_named(place[level]) is not None


def _splits_are_innermost(places: list[Folders]) -> bool:
    """`cat/train/1.jpg`, `cat/test/2.jpg`: the class is above."""
    inner = {split_named(place[-1]) if len(place) > 1 else None for place in places}
    return None not in inner and len(inner) > 1 and len({place[-2] for place in places}) > 1


def _split_level(counts: Counter[Folders]) -> int | None:
    """The depth at which most photos have a split's name above their class; None when the names there make no split.

    A folder "train" beside "bus" and "tram" is a vehicle: a level counts only if it says train and something else.
    """
    best, most = None, 0
    for level in range(SPLIT_DEPTH):
        here = {place: split_named(place[level]) for place in counts if len(place) > level + 1}
        photos = sum(counts[place] for place, split in here.items() if split)
        alone = {split_named(place[level]) for place in counts if len(place) == level + 1}
        kinds = (set(here.values()) | alone) - {None}
        if photos > most and "train" in here.values() and len(kinds) > 1:
            best, most = level, photos
    return _level_without_classes(list(counts)) if best is None else best


def _level_without_classes(places: list[Folders]) -> int | None:
    """The depth of split folders that hold all photos and no class folders: a table or the names say the classes."""
    depths = {len(place) for place in places}
    kinds = {split_named(place[-1]) if place else None for place in places}
    return depths.pop() - 1 if len(depths) == 1 and "train" in kinds and len(kinds) > 1 and None not in kinds else None


def _common(places: list[Folders]) -> Folders:
    """The folders that wrap everything; () when the innermost of them is the only place there is."""
    if len(places) < 2:
        return ()
    first, last = min(places), max(places)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:shared]
