"""A dataset's photos as networks get them, decoded once and kept in one memory-mapped file per version and size.

    pixels: uint8 [images, 3, side, side] | index: SHA-256 and CRC-32 per image | footer: magic, images, side, CRC

Channels come first in the file, so a batch is one copy out of the map. The footer is written last: a file without one,
or with the hashes of other photos, is built anew. Each image's checksum is compared when it is first read in a
process (0.1 ms each), and a damaged one is decoded again from its original and put back.

Where the file would pass the budget, or the disk is full, photos are decoded at each read instead, to the same pixels.
"""

import os
import struct
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.datasets.dataset import Dataset
from core.datasets.decoding import VERSION, decode_for, store_side
from core.datasets.parallel import WORKERS, in_order
from core.errors import BadDataset, DiskFull
from core.home import Home, Progress, cache_budget, evict_oldest, silent, whole_file

if TYPE_CHECKING:
    import torch

_MAGIC = b"graft pixels %d\n\0" % VERSION
_FOOTER = struct.Struct("<16sQII")
_INDEX = np.dtype([("hash", "S32"), ("crc", "<u4")])
_one_at_a_time = threading.Lock()  # building uses all cores by itself; whoever waits finds the file ready


class PixelStore(Protocol):
    """Rows of `dataset.table` as pixels. note: a sentence for the user where the photos could not be kept, else ""."""

    image_size: int
    side: int
    note: str

    def read(self, rows: np.ndarray) -> "torch.Tensor":
        """uint8 [rows, 3, side, side], contiguous. Raises IndexError, and BadDataset when an original is gone."""


class StoredPixels:
    """Photos read from the file at `path`; it must be whole (`_open_stored`)."""

    note = ""

    def __init__(self, dataset: Dataset, image_size: int, path: Path, index: np.ndarray) -> None:
        self.dataset, self.image_size, self.side, self.path = dataset, image_size, store_side(image_size), path
        self._crc = index["crc"]
        self._checked = np.zeros(len(dataset), dtype=bool)
        shape = (len(dataset), 3, self.side, self.side)
        self._pixels = (
            np.memmap(path, dtype=np.uint8, mode="r", shape=shape) if len(dataset) else np.empty(shape, np.uint8)
        )

    def read(self, rows: np.ndarray) -> "torch.Tensor":
        pixels = np.asarray(self._pixels[rows])  # indexing by an array copies
        unchecked = np.flatnonzero(~self._checked[rows])
        for place, row in zip(unchecked.tolist(), np.asarray(rows)[unchecked].tolist(), strict=True):
            if zlib.crc32(pixels[place]) != self._crc[row]:
                pixels[place] = self._mend(row)
            self._checked[row] = True
        return _tensor(pixels)

    def _mend(self, row: int) -> np.ndarray:
        """Decode a damaged image again and put it back where it belongs."""
        pixels = _decoded(self.dataset, row, self.side)
        with suppress(OSError), self.path.open("r+b") as file:  # evicted meanwhile, or not writable: it still reads
            file.seek(row * pixels.nbytes)
            file.write(pixels.data)
        return pixels


class PixelsOnTheFly:
    """A pixel store without a file: photos are decoded at each read; `note` says why."""

    def __init__(self, dataset: Dataset, image_size: int, note: str) -> None:
        self.dataset, self.image_size, self.side, self.note = dataset, image_size, store_side(image_size), note
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="decode")

    def read(self, rows: np.ndarray) -> "torch.Tensor":
        known = np.arange(len(self.dataset))[rows]
        pixels = np.empty((len(known), 3, self.side, self.side), dtype=np.uint8)
        decoded = self._pool.map(lambda row: _decoded(self.dataset, row, self.side), known.tolist())
        for place, image in enumerate(decoded):
            pixels[place] = image
        return _tensor(pixels)


def open_pixels(
    home: Home, dataset: Dataset, image_size: int, progress: Progress = silent, budget_bytes: int | None = None
) -> PixelStore:
    """The store of this dataset version at this size; built on first use, by all cores.

    budget_bytes: for all stores together, the least recently used leave first; by default a fifth of what is free or
    already used by stores, at most 20 GB. Raises BadDataset when an original can no longer be read.
    """
    path = _path(home, dataset, dataset.version, image_size)
    with _one_at_a_time:
        stored = _open_stored(path, dataset, image_size)
        if stored is not None:
            os.utime(path)  # it was used just now: others leave before it
            return stored
        needed = _file_bytes(len(dataset), store_side(image_size))
        budget = cache_budget(home.pixels) if budget_bytes is None else budget_bytes
        if needed > budget:
            return PixelsOnTheFly(dataset, image_size, _over_budget(needed, budget))
        evict_oldest(home.pixels, budget - needed, keep=_older(home, dataset, image_size))
        try:
            return _build(home, path, dataset, image_size, progress)
        except DiskFull as error:
            note = f"{error.sentence} Photos are decoded anew each time instead, which is slower."
            return PixelsOnTheFly(dataset, image_size, note)


def has_pixels(home: Home, dataset: Dataset, image_size: int) -> bool:
    """Whether the store of this dataset version at this size is there, whole."""
    return _open_stored(_path(home, dataset, dataset.version, image_size), dataset, image_size) is not None


def _build(home: Home, path: Path, dataset: Dataset, image_size: int, progress: Progress) -> StoredPixels:
    side = store_side(image_size)
    hashes = _hashes(dataset)
    kept = _kept_rows(home, dataset, image_size)

    def pixels_of(row: int) -> np.ndarray:
        known = kept(hashes[row])
        return _decoded(dataset, row, side) if known is None else known

    index = np.zeros(len(dataset), dtype=_INDEX)
    index["hash"] = hashes
    with whole_file(path) as part, part.open("wb") as file:
        # Ordinary writes: through a memory map, a full disk would kill the process instead of raising an error.
        for row, pixels in enumerate(in_order(pixels_of, range(len(dataset)))):
            index["crc"][row] = zlib.crc32(pixels.data)
            file.write(pixels.data)
            progress(row + 1, len(dataset), "Decoding photos")
        file.write(index.data)
        file.write(_FOOTER.pack(_MAGIC, len(dataset), side, zlib.crc32(index.tobytes())))
    return StoredPixels(dataset, image_size, path, index)


def _decoded(dataset: Dataset, row: int, side: int) -> np.ndarray:
    """uint8 [3, side, side] from the original."""
    try:
        pixels = decode_for(dataset.folder / str(dataset.table["file"].iat[row]), side)
    except BadDataset as error:
        name = dataset.table["name"].iat[row]
        raise BadDataset(
            f'The photo "{name}" of "{dataset.name}" can no longer be read. {error.sentence}',
            "Leave this photo out, or import the dataset again.",
        ) from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _open_stored(path: Path, dataset: Dataset, image_size: int) -> StoredPixels | None:
    """The store at `path`, or None when there is none that is whole and holds these very photos."""
    index = _read_index(path, len(dataset), store_side(image_size))
    if index is None or not np.array_equal(index["hash"], _hashes(dataset)):
        return None
    return StoredPixels(dataset, image_size, path, index)


def _read_index(path: Path, images: int | None, side: int) -> np.ndarray | None:
    """Hash and checksum per image; None for a file that is missing, damaged, foreign or of another size."""
    if not path.is_file():
        return None
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _FOOTER.size))
        footer = file.read()
        if len(footer) != _FOOTER.size:
            return None
        magic, count, stored_side, crc = _FOOTER.unpack(footer)
        if magic != _MAGIC or stored_side != side or size != _file_bytes(count, side) or images not in (None, count):
            return None
        file.seek(-_FOOTER.size - count * _INDEX.itemsize, os.SEEK_END)
        index = np.frombuffer(file.read(count * _INDEX.itemsize), dtype=_INDEX)
    return index if zlib.crc32(index.tobytes()) == crc else None


def _kept_rows(home: Home, dataset: Dataset, image_size: int) -> Callable[[bytes], np.ndarray | None]:
    """Pixels by content hash out of another version's store: a new version rarely changes more than a few photos."""
    older, side = _older(home, dataset, image_size), store_side(image_size)
    index = None if older is None else _read_index(older, None, side)
    if older is None or index is None or not len(index):
        return lambda content: None
    pixels = np.memmap(older, dtype=np.uint8, mode="r", shape=(len(index), 3, side, side))
    rows = {content: row for row, content in enumerate(index["hash"].tolist())}

    def find(content: bytes) -> np.ndarray | None:
        row = rows.get(content)
        return pixels[row] if row is not None and zlib.crc32(pixels[row]) == index["crc"][row] else None

    return find


def _older(home: Home, dataset: Dataset, image_size: int) -> Path | None:
    """The newest store of another version of the same dataset at the same size."""
    here = _path(home, dataset, dataset.version, image_size)
    versions = [path for path in home.pixels.glob(f"{dataset.id}.v*.{image_size}.pixels") if path != here]
    return max(versions, key=lambda path: path.stat().st_mtime, default=None)


def _path(home: Home, dataset: Dataset, version: int, image_size: int) -> Path:
    return home.pixels / f"{dataset.id}.v{version}.{image_size}.pixels"


def _hashes(dataset: Dataset) -> np.ndarray:
    # NumPy strips zero bytes from the end of "S32"; both sides of every comparison are stripped alike.
    return np.array([bytes.fromhex(content) for content in dataset.table["hash"]], dtype="S32")


def _file_bytes(images: int, side: int) -> int:
    return images * (3 * side * side + _INDEX.itemsize) + _FOOTER.size


def _over_budget(needed: int, budget: int) -> str:
    return (
        f"Keeping the decoded photos would take {needed / 1e9:.1f} GB of disk, more than the {budget / 1e9:.1f} GB set "
        "aside for it, so they are decoded anew each time, which is slower. A smaller image size helps."
    )


def _tensor(pixels: np.ndarray) -> "torch.Tensor":
    # Here and not above: torch takes a second to load, and those who only list or draw datasets need none of it.
    import torch

    return torch.from_numpy(pixels)
