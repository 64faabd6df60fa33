"""Activations on disk: a folder that can be filled block by block, by several processes, and checked.

    facts.json     what they are activations of, in words, and how they lie
    0.npy, 1.npy   one array [photos, ...] per value that crosses the cut, as NumPy maps it
    checks         one number per block of photos: CRC-32 of its bytes, marked as written; 0 before

A block is written before its check. So whatever a crash, a full disk or a second writer leaves, a block is right or it
is known not to be, and is computed again; the numbers of a block are the same whoever computes them.
"""

import hashlib
import json
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.home import Home, cache_budget, evict_oldest, no_room_is_disk_full

Activations = tuple[Tensor, ...]
BLOCK = 64  # photos; larger ones gain little and answer a pause late
FORMAT = 2

_WRITTEN = np.uint64(1 << 32)
_AS_BYTES = {torch.bfloat16: torch.int16}  # what NumPy has no name for lies as something of its size


@dataclass(frozen=True)
class Shape:
    """One value for one photo."""

    size: tuple[int, ...]
    dtype: torch.dtype

    @property
    def bytes(self) -> int:
        return int(np.prod(self.size)) * self.dtype.itemsize


class ActivationFiles:
    """Activations of `photos` photos in `folder`, which must be whole but for its blocks."""

    def __init__(self, folder: Path, photos: int, shapes: tuple[Shape, ...]) -> None:
        self.folder, self.photos, self.shapes = folder, photos, shapes
        for array, shape in zip(self._arrays(), shapes, strict=True):
            if array.shape != (photos, *shape.size):
                raise ValueError(f"{array.shape} for {photos} photos of {shape.size}")

    @property
    def blocks(self) -> int:
        return -(-self.photos // BLOCK)

    @property
    def values(self) -> Activations:
        """Each [photos, ...], mapped from the disk as it is now."""
        return tuple(torch.from_numpy(a).view(s.dtype) for a, s in zip(self._arrays(), self.shapes, strict=True))

    def whole_blocks(self) -> Iterator[bool]:
        """For each block whether it was written, and holds what was written."""
        arrays, said = self._arrays(), np.fromfile(self.folder / "checks", np.uint64)
        for block in range(self.blocks):
            yield block < len(said) and said[block] == _check([array[_rows(block)] for array in arrays])

    def write(self, block: int, values: Activations) -> None:
        """values: each [photos of the block, ...]. Raises DiskFull."""
        arrays = [_plain(value) for value in values]
        with no_room_is_disk_full(self.folder):
            # Ordinary writes: through the map, a full disk would kill the process instead of raising an error.
            for number, (array, shape) in enumerate(zip(arrays, self.shapes, strict=True)):
                file = self.folder / f"{number}.npy"
                behind_header = file.stat().st_size - self.photos * shape.bytes
                _write_at(file, behind_header + block * BLOCK * shape.bytes, array)
            _write_at(self.folder / "checks", 8 * block, np.array([_check(arrays)], np.uint64))

    def _arrays(self) -> list[np.ndarray]:
        # Copy-on-write: torch wants an array that can be written to, and nothing written so reaches the file.
        return [np.load(self.folder / f"{number}.npy", mmap_mode="c") for number in range(len(self.shapes))]


def open_files(home: Home, facts: Mapping[str, Any], photos: int) -> ActivationFiles | None:
    """Those that an earlier run made of the very same things; None when there are none that can be read."""
    folder = folder_of(home, facts)
    try:
        layout = json.loads((folder / "facts.json").read_bytes())["layout"]
        shapes = tuple(Shape(tuple(each["size"]), getattr(torch, each["dtype"])) for each in layout)
        files = ActivationFiles(folder, photos, shapes)
        os.utime(folder)  # used just now: others leave before it
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return files


def make_files(home: Home, facts: Mapping[str, Any], photos: int, shapes: tuple[Shape, ...]) -> ActivationFiles:
    """Empty ones; the least recently used of all leave, so that they have room. Raises DiskFull.

    Ask `fits` before.
    """
    folder = folder_of(home, facts)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    home.activations.mkdir(parents=True, exist_ok=True)
    evict_oldest(home.activations, cache_budget(home.activations) - bytes_of(photos, shapes))
    try:
        with no_room_is_disk_full(folder):
            part.mkdir()
            for number, shape in enumerate(shapes):
                _reserve(part / f"{number}.npy", photos, shape)
            (part / "checks").write_bytes(bytes(8 * -(-photos // BLOCK)))
            layout = [{"size": s.size, "dtype": str(s.dtype).removeprefix("torch.")} for s in shapes]
            (part / "facts.json").write_text(json.dumps({"of": dict(facts), "layout": layout}, indent=1))
            with suppress(OSError):  # another process was faster: its folder serves as well
                os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return ActivationFiles(folder, photos, shapes)


def fits(home: Home, bytes_wanted: float) -> bool:
    """Whether the share of the disk that activations may take has room for so much, if all others leave."""
    return bytes_wanted <= cache_budget(home.activations)


def bytes_of(photos: int, shapes: tuple[Shape, ...]) -> int:
    return photos * sum(shape.bytes for shape in shapes)


def folder_of(home: Home, facts: Mapping[str, Any]) -> Path:
    """Where what is said by these facts lies, or would."""
    key = json.dumps({"format": FORMAT, **facts}, sort_keys=True)
    return home.activations / hashlib.sha256(key.encode()).hexdigest()[:32]


def _rows(block: int) -> slice:
    return slice(block * BLOCK, (block + 1) * BLOCK)


def _plain(value: Tensor) -> np.ndarray:
    value = value.detach().cpu().contiguous()
    return value.view(_AS_BYTES.get(value.dtype, value.dtype)).numpy()


def _check(arrays: list[np.ndarray]) -> np.uint64:
    crc = 0
    for array in arrays:
        crc = zlib.crc32(np.ascontiguousarray(array).data, crc)
    return _WRITTEN | np.uint64(crc)


def _reserve(file: Path, photos: int, shape: Shape) -> None:
    """A file as long as it will be; where the system can, it takes no room until it is written to."""
    kind = torch.empty(0, dtype=_AS_BYTES.get(shape.dtype, shape.dtype)).numpy().dtype
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (photos, *shape.size)}
    with file.open("wb") as opened:
        np.lib.format.write_array_header_1_0(opened, header)
        opened.truncate(opened.tell() + photos * shape.bytes)


def _write_at(file: Path, offset: int, array: np.ndarray) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(np.ascontiguousarray(array).data)
