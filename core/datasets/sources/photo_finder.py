"""Finds a picture by what a table calls it: its path, the end of its path, with or without its ending."""

import posixpath
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

from core.datasets.sources.labeled_photos import Entry
from core.datasets.sources.names import ending, split_named
from core.tasks import Split

WITHIN_SPLIT = 2  # parts of a path by which a photo of one split is told from one of another: images/0.jpg
_UPLOAD_HASH = re.compile(r"^[0-9a-f]{8}-(?=.)")  # what Label Studio puts before the names of uploads


class PhotoFinder:
    """find: by name alone. find_number: the same for a name that lost the zeros at its front."""

    def __init__(self, pictures: Iterable[Entry]) -> None:
        self.pictures = tuple(pictures)
        self.by_path = {entry.name: entry for entry in self.pictures}
        self.by_end: dict[str, Entry | None] = {}  # None: several have it
        for entry in self.pictures:
            path = entry.name.casefold()
            splits = {split for part in entry.parts[:-1] if (split := split_named(part))}
            for whole in (path, path.removesuffix("." + ending(path))):
                parts = whole.split("/")
                for start in range(len(parts)):
                    end = "/".join(parts[start:])
                    self._put(end, entry)
                    if len(parts) - start <= WITHIN_SPLIT:
                        for split in splits:
                            self._put(_within(split, end), entry)

    def _put(self, key: str, entry: Entry) -> None:
        known = self.by_end.setdefault(key, entry)
        if known is not entry:
            self.by_end[key] = None

    def find(self, value: str, base: str, split: Split | None = None) -> Entry | None:
        """base: the folder of the table. split: the one the table is about, which decides between photos of one name.
        What climbs out of the source is looked for by its end alone.
        """
        path = _path_in(value)
        joined = posixpath.normpath(posixpath.join(base, path))
        if joined in self.by_path:
            return self.by_path[joined]
        parts = [part for part in path.casefold().split("/") if part not in ("", ".", "..")]
        ends = ["/".join(parts[start:]) for start in range(len(parts))]
        if parts and (bare := _UPLOAD_HASH.sub("", parts[-1])) != parts[-1]:
            ends.append(bare)
        return self._first(ends, split) or self.by_bare_name.get(parts[-1] if parts else "")

    def _first(self, ends: Iterable[str], split: Split | None) -> Entry | None:
        for end in ends:
            inside = self.by_end.get(_within(split, end)) if split else None
            if entry := inside or self.by_end.get(end):
                return entry
        return None

    def find_number(self, value: str, split: Split | None = None) -> Entry | None:
        """The one photo whose name is this number with zeros before it: 12 is 00012.jpg."""
        key = value.strip().lstrip("0").casefold()
        key = key.removesuffix(".0")
        if not re.fullmatch(r"\d+(\.[a-z]+)?", key or "0"):
            return None
        inside = self.by_number.get(_within(split, key)) if split else None
        return inside or self.by_number.get(key)

    @cached_property
    def by_number(self) -> dict[str, Entry | None]:
        found: dict[str, Entry | None] = {}
        for entry in self.pictures:
            name = entry.parts[-1].casefold()
            stem = name.removesuffix("." + ending(name))
            if not stem.isdecimal() or not stem.isascii():
                continue
            splits = [split for part in entry.parts[:-1] if (split := split_named(part))]
            for number in (stem.lstrip("0"), name.lstrip("0")):
                for key in (number, *(_within(split, number) for split in splits)):
                    known = found.setdefault(key, entry)
                    if known is not entry:
                        found[key] = None
        return found

    @cached_property
    def by_bare_name(self) -> dict[str, Entry | None]:
        """Photos whose own name has Label Studio's hash before it, by the name without it; none where few have one."""
        found: dict[str, Entry | None] = {}
        if not has_upload_hashes([entry.parts[-1] for entry in self.pictures]):
            return found
        for entry in self.pictures:
            name = entry.parts[-1].casefold()
            bare = _UPLOAD_HASH.sub("", name)
            if bare != name and found.setdefault(bare, entry) is not entry:
                found[bare] = None
        return found


def has_upload_hashes(names: Sequence[str]) -> bool:
    """Whether most of these begin with a hash. A date (20240131-) has digits alone, a hash hardly ever."""
    hashes = [found[0] for name in names if (found := _UPLOAD_HASH.match(name))]
    return 2 * len(hashes) > len(names) and any(not each.rstrip("-").isdecimal() for each in hashes)


def without_upload_hash(name: str) -> str:
    """ "images/ab12cd00-leaf.jpg" as the user called it: "images/leaf.jpg"."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + _UPLOAD_HASH.sub("", file)


def _within(split: Split, end: str) -> str:
    return f"{split}>{end}"  # no name in a source has a > between a split and the rest by chance


def _path_in(value: str) -> str:
    """The path in a cell, which may be an address: /data/local-files/?d=images/1.jpg, s3://bucket/a%20b.jpg."""
    value = value.replace("\\", "/")
    if "://" in value or value.startswith("/data/"):
        path, _, query = value.partition("?")
        value = unquote(query.removeprefix("d=") if query.startswith("d=") else path)
    return value.split("://", 1)[-1]
