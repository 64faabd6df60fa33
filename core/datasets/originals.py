"""Photos go from a source to disk in chunks, through a hash that names them there, and are really decoded."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from core.datasets.copies import fingerprint
from core.datasets.dataset import Rejected
from core.datasets.decoding import has_more_pages, inspect
from core.datasets.limits import PHOTO_BYTES, TOTAL_BYTES
from core.datasets.sources.labeled_photos import UNREADABLE, LabeledPhoto
from core.datasets.sources.names import PICTURES, ending
from core.datasets.sources.zip import unpacks_to_too_much
from core.errors import BadDataset
from core.home import Progress
from core.tasks import Split

CHUNK_BYTES = 2**18
WORKERS = min(4, os.cpu_count() or 1)  # of large pictures fewer decode at once: `decoding_memory`
WAITING = 16 * WORKERS  # photos on disk that are not decoded yet
REPORT_SECONDS = 0.1
AFTER_THE_FIRST = "pages after the first"
_SEVERAL_PAGES = frozenset({"tif", "tiff", "gif", "webp", "apng", "png", "avif"})
INCOMING = ".incoming"  # where a photo is written before its name, its hash, is known


@dataclass(frozen=True)
class Photo:
    """A photo that is on disk and was decoded: what was found about it, without its source, which may hold its bytes.

    file: below the dataset's folder, with forward slashes. fingerprint: as `core.datasets.copies` makes it.
    """

    name: str
    labels: Mapping[str, str]
    split: Split | None
    group: str | None
    hash: str
    file: str
    width: int
    height: int
    has_more_pages: bool = False
    fingerprint: bytes | None = None


@dataclass
class Budget:
    """Bytes that were really read, against what a source may hold. name: of the source, for the sentence."""

    name: str
    limit_bytes: int = TOTAL_BYTES
    read_bytes: int = field(default=0, init=False)

    def take(self, count: int) -> None:
        self.read_bytes += count
        if self.read_bytes > self.limit_bytes:
            raise unpacks_to_too_much(self.name, self.limit_bytes)


class _Seen(NamedTuple):
    """What decoding a photo shows. has_more_pages: which only some kinds of file have."""

    width: int
    height: int
    has_more_pages: bool
    fingerprint: bytes | None


class _Unreadable(Exception):
    """One file cannot be read; the words say why."""


def copy_originals(
    found: Iterable[LabeledPhoto], folder: Path, budget: Budget, total: int, progress: Progress
) -> tuple[list[Photo], list[Rejected]]:
    """Copies every photo below `folder` as originals/ab/<sha-256>.<ending> and decodes it.

    total: how many there are, 0 when that is not known. Returns the photos in their order, and what could be none
    with the reason; files of the latter are gone. Raises BadDataset when the source holds more than its budget.
    """
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    count = 0
    report = _throttled(progress)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="decode") as pool:
        try:
            for count, one in enumerate(_decoded(found, folder, budget, pool), 1):
                (photos if isinstance(one, Photo) else rejected).append(one)  # type: ignore[arg-type]
                if isinstance(one, Photo) and one.has_more_pages:
                    rejected.append(
                        Rejected(f"{one.name}, {AFTER_THE_FIRST}", "Only the first page of a file is taken.")
                    )
                report(count, total, "Reading photos")
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            (folder / INCOMING).unlink(missing_ok=True)
    progress(count, total, "Reading photos")
    return photos, rejected


def _decoded(
    found: Iterable[LabeledPhoto], folder: Path, budget: Budget, pool: ThreadPoolExecutor
) -> Iterator[Photo | Rejected]:
    """Decoding runs a little behind copying; equal files are decoded once."""
    seen: dict[str, Future[_Seen]] = {}
    files: dict[str, str] = {}
    waiting: deque[tuple[LabeledPhoto, str]] = deque()
    for one in found:
        try:
            digest, file = _store(one, folder, budget, files)
        except _Unreadable as error:
            yield Rejected(one.name, str(error))
            continue
        if digest not in seen:
            files[digest] = file
            seen[digest] = pool.submit(_inspect, folder / file)
        waiting.append((one, digest))
        if len(waiting) > WAITING:
            yield _settle(*waiting.popleft(), files, seen, folder)
    while waiting:
        yield _settle(*waiting.popleft(), files, seen, folder)


def _inspect(file: Path) -> _Seen:
    """Raises BadDataset."""
    size, miniature = inspect(file)
    is_paged = ending(file.name) in _SEVERAL_PAGES and has_more_pages(file)
    return _Seen(*size, is_paged, fingerprint(miniature))


def _settle(
    found: LabeledPhoto, digest: str, files: dict[str, str], seen: dict[str, Future[_Seen]], folder: Path
) -> Photo | Rejected:
    try:
        known = seen[digest].result()
    except BadDataset as error:
        (folder / files[digest]).unlink(missing_ok=True)
        return Rejected(found.name, error.sentence)
    return Photo(found.name, found.labels, found.split, found.group, digest, files[digest], *known)


def _store(found: LabeledPhoto, folder: Path, budget: Budget, known: dict[str, str]) -> tuple[str, str]:
    """(hash, file) of one photo, now on disk. Raises _Unreadable, and OSError when it cannot be written."""
    incoming, digest, size = folder / INCOMING, hashlib.sha256(), 0
    with incoming.open("wb") as target:
        for chunk in _chunks(found):
            budget.take(len(chunk))
            size += len(chunk)
            if size > PHOTO_BYTES:
                raise _Unreadable(f"It is larger than {PHOTO_BYTES / 2**30:.0f} GB.")
            digest.update(chunk)
            target.write(chunk)
    name = digest.hexdigest()
    if name in known:
        return name, known[name]
    kind = ending(found.name)
    file = f"originals/{name[:2]}/{name}" + (f".{kind}" if kind in PICTURES else "")
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    os.replace(incoming, folder / file)
    return name, file


def _chunks(found: LabeledPhoto) -> Iterator[bytes]:
    """The file's bytes. Only errors of reading become _Unreadable: those of writing are the consumer's."""
    try:
        with found.open() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.strerror:
            raise _Unreadable(f"The file cannot be read: {error.strerror}.") from error
        raise _Unreadable("The file is damaged inside the archive.") from error


def _throttled(progress: Progress) -> Callable[[int, int, str], None]:
    """Passes on at most ten calls a second: who listens may redraw a page each time."""
    last = 0.0

    def report(done: int, total: int, activity: str) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_SECONDS:
            last = time.monotonic()
            progress(done, total, activity)

    return report
