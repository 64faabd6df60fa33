"""Photos in folders: the last folder is the class; a level of train/validation/test folders above it is the split."""

from collections import Counter

from core.datasets.dataset import Rejected
from core.datasets.sources.label_table import read_tables
from core.datasets.sources.labeled_photos import CLASS, Contents, Entry, LabeledPhoto, LabeledPhotos
from core.datasets.sources.names import split_named
from core.errors import BadDataset
from core.tasks import Split

SPLIT_DEPTH = 4  # how many folders down a level of splits is still looked for

Folders = tuple[str, ...]


def label_photos(contents: Contents) -> LabeledPhotos:
    """Photos as a table among the files labels them, or else their folders. Raises BadDataset."""
    return read_tables(contents) or read_class_folders(contents)


def read_class_folders(contents: Contents) -> LabeledPhotos:
    """Photos with the class and the split that their folders say. Raises BadDataset when there are no folders."""
    folders = [entry.parts[:-1] for entry in contents.pictures]
    if folders and not any(folders):
        raise _no_class_folders(contents)
    meaning = _meaning(folders)
    found, rejected = [], list(contents.rejected)
    for entry, place in zip(contents.pictures, folders, strict=True):
        label, split = meaning[place]
        if label is None:
            rejected.append(Rejected(entry.name, "It lies in no class folder, so nothing says what it shows."))
        else:
            found.append(_found(entry, label, split))
    return LabeledPhotos(found, contents.name, tuple(rejected), len(found), contents.limit_bytes, contents.bytes)


def _found(entry: Entry, label: str, split: Split | None) -> LabeledPhoto:
    return LabeledPhoto(entry.name, entry.open, {CLASS: label}, split)


def _meaning(folders: list[Folders]) -> dict[Folders, tuple[str | None, Split | None]]:
    """Class and split by folder; no class for photos that lie beside the class folders."""
    counts = Counter(folders)
    if _splits_are_innermost(list(counts)):
        return {place: (place[-2], split_named(place[-1])) for place in counts}
    level = _split_level(counts)
    wrapper = _common(list(counts))
    return {place: (_class(place, level, wrapper), _split(place, level)) for place in counts}


def _class(place: Folders, level: int | None, wrapper: Folders) -> str | None:
    beside_classes = not place or (place == wrapper)
    in_split_only = level is not None and len(place) == level + 1 and split_named(place[level]) is not None
    return None if beside_classes or in_split_only else place[-1]


def _split(place: Folders, level: int | None) -> Split | None:
    return split_named(place[level]) if level is not None and len(place) > level + 1 else None


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
    return best


def _common(places: list[Folders]) -> Folders:
    """The folders that wrap everything; () when the innermost of them is the only place there is."""
    if len(places) < 2:
        return ()
    first, last = min(places), max(places)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:shared]


def _no_class_folders(contents: Contents) -> BadDataset:
    return BadDataset(
        f'The photos in "{contents.name}" lie in no class folders, so nothing says what each of them shows.',
        "Put the photos of each class into a folder named after it and give the folder that holds these, "
        "or add a CSV file with a column of file names and a column of labels.",
    )
