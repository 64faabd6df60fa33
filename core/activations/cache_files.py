"""Activations on disk: a folder that is filled block by block, by several processes at once, and checked.

    facts.json     what decides the activations, and the shape and type of each array
    0.npy, 1.npy   one array [photos, ...] for each tensor at the cut, which NumPy maps into memory
    checksums      one number per block of photos: CRC-32 of its bytes, marked as written; 0 before

A block is written before its checksum. So whatever a crash, a full disk or a second writer leaves, a block is valid or
known not to be, and is computed again; all processes compute the same numbers for a block.
"""

import hashlib
import json
import os
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

from core.home import Home, cache_budget, evict_oldest, hidden_folder, no_room_is_disk_full

Activations = tuple[Tensor, ...]
BLOCK_SIZE = 64  # photos; larger blocks gain little and make a pause wait
FORMAT = 3

_FACTS, _CHECKSUMS = "facts.json", "checksums"
_WRITTEN = np.uint64(1 << 32)
_STORED_AS = {torch.bfloat16: torch.int16}  # a type that NumPy lacks is stored as another one of its size


@dataclass(frozen=True)
class TensorSpec:
    """Shape and type of one tensor at the cut, for one photo."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize


class ActivationFiles:
    """Activations of `photos` photos in `folder`. Its files exist; blocks in them may be missing or damaged.

    Raises ValueError for arrays of another shape.
    """

    def __init__(self, folder: Path, photos: int, specs: tuple[TensorSpec, ...]) -> None:
        self.folder, self.photos, self.specs = folder, photos, specs
        for array, spec in zip(self._arrays(), specs, strict=True):
            if array.shape != (photos, *spec.shape):
                raise ValueError(f"{array.shape} for {photos} photos of {spec.shape}")

    @property
    def blocks(self) -> int:
        return -(-self.photos // BLOCK_SIZE)

    @property
    def activations(self) -> Activations:
        """Each [photos, ...], mapped from the disk."""
        return tuple(torch.from_numpy(a).view(s.dtype) for a, s in zip(self._arrays(), self.specs, strict=True))

    def valid_blocks(self) -> Iterator[bool]:
        """For each block whether it was written, and still is what was written."""
        arrays, checksums = self._arrays(), np.fromfile(self.folder / _CHECKSUMS, np.uint64)
        for block in range(self.blocks):
            yield block < len(checksums) and checksums[block] == _checksum([array[_rows(block)] for array in arrays])

    def write(self, block: int, activations: Activations) -> None:
        """activations: each [photos of the block, ...]. Raises DiskFull."""
        arrays = [_to_numpy(each) for each in activations]
        with no_room_is_disk_full(self.folder):
            # Ordinary writes: through the map, a full disk would kill the process instead of raising an error.
            for number, (array, spec) in enumerate(zip(arrays, self.specs, strict=True)):
                file = self.folder / f"{number}.npy"
                header_bytes = file.stat().st_size - self.photos * spec.bytes
                _write_at(file, header_bytes + block * BLOCK_SIZE * spec.bytes, array)
            _write_at(self.folder / _CHECKSUMS, 8 * block, np.array([_checksum(arrays)], np.uint64))

    def _arrays(self) -> list[np.ndarray]:
        # Copy-on-write: torch wants a writable array, and nothing that is written to it reaches the file.
        return [np.load(self.folder / f"{number}.npy", mmap_mode="c") for number in range(len(self.specs))]


def open_files(home: Home, facts: Mapping[str, Any], photos: int) -> ActivationFiles | None:
    """Files that an earlier run made for exactly these facts; None where there are none that can be read."""
    folder = cache_folder(home, facts)
    try:
        layout = json.loads((folder / _FACTS).read_bytes())["layout"]
        specs = tuple(TensorSpec(tuple(each["shape"]), getattr(torch, each["dtype"])) for each in layout)
        files = ActivationFiles(folder, photos, specs)
        os.utime(folder)  # used just now: others are evicted before it
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return files


def create_files(home: Home, facts: Mapping[str, Any], photos: int, specs: tuple[TensorSpec, ...]) -> ActivationFiles:
    """Create files without valid blocks; the least recently used of other facts are evicted to make room.

    Ask `fits_budget` before. Raises DiskFull.
    """
    folder = cache_folder(home, facts)
    home.activations.mkdir(parents=True, exist_ok=True)
    evict_oldest(home.activations, cache_budget(home.activations) - photos * sum(spec.bytes for spec in specs))
    with no_room_is_disk_full(folder), hidden_folder(folder) as part:
        for number, spec in enumerate(specs):
            _reserve(part / f"{number}.npy", photos, spec)
        (part / _CHECKSUMS).write_bytes(bytes(8 * -(-photos // BLOCK_SIZE)))
        layout = [{"shape": s.shape, "dtype": str(s.dtype).removeprefix("torch.")} for s in specs]
        (part / _FACTS).write_text(json.dumps({"of": dict(facts), "layout": layout}, indent=1))
        with suppress(OSError):  # another process was faster: its folder serves as well
            os.rename(part, folder)
    return ActivationFiles(folder, photos, specs)


def fits_budget(home: Home, wanted_bytes: float) -> bool:
    """Whether the activation cache's share of the disk has room for so much, once all else in it is evicted."""
    return wanted_bytes <= cache_budget(home.activations)


def cache_folder(home: Home, facts: Mapping[str, Any]) -> Path:
    """The folder of the activations with these facts, whether it exists or not."""
    key = json.dumps({"format": FORMAT, **facts}, sort_keys=True)
    return home.activations / hashlib.sha256(key.encode()).hexdigest()[:32]


def _rows(block: int) -> slice:
    return slice(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE)


def _to_numpy(value: Tensor) -> np.ndarray:
    value = value.detach().cpu().contiguous()
    return value.view(_STORED_AS.get(value.dtype, value.dtype)).numpy()


def _checksum(arrays: list[np.ndarray]) -> np.uint64:
    crc = 0
    for array in arrays:
        crc = zlib.crc32(np.ascontiguousarray(array).data, crc)
    return _WRITTEN | np.uint64(crc)


def _reserve(file: Path, photos: int, spec: TensorSpec) -> None:
    """A file of its final length; where the system can, it takes no room until it is written to."""
    dtype = torch.empty(0, dtype=_STORED_AS.get(spec.dtype, spec.dtype)).numpy().dtype
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (photos, *spec.shape)}
    with file.open("wb") as opened:
        np.lib.format.write_array_header_1_0(opened, header)
        opened.truncate(opened.tell() + photos * spec.bytes)


def _write_at(file: Path, offset: int, array: np.ndarray) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        opened.write(np.ascontiguousarray(array).data)
