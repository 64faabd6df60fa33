"""What the frozen part of the network says about each photo: computed once, and kept for later epochs and runs.

It lies in memory-mapped files that every run shares which looks at the same photos in the same way, through the same
weights; in memory, where the disk has no room.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.activations.cache_files import (
    BLOCK,
    ActivationFiles,
    Activations,
    Shape,
    fits,
    folder_of,
    make_files,
    open_files,
)
from core.device import in_smaller_batches, memory_budget
from core.errors import DiskFull
from core.home import Home
from core.job import Prepared

Compute = Callable[[np.ndarray], Activations]  # rows of the dataset -> what crosses the cut for them
Facts = Mapping[str, Any]  # all that decides what is kept, as JSON takes it


@dataclass(frozen=True)
class CachedActivations:
    """What crosses the cut, for some rows of the dataset.

    values: each [photos, ...]. place: int64 [rows of the dataset], where a row lies in them; -1 where it was not kept.
    device: where they are wanted; they lie there, or are mapped from a file. folder: that keeps them for later runs.
    """

    values: Activations
    place: np.ndarray
    device: torch.device
    folder: Path | None = None

    def at(self, rows: np.ndarray) -> Activations:
        """Each [rows, ...], on the device."""
        places = torch.from_numpy(self.place[rows]).to(self.values[0].device)
        return tuple(self._within_reach(value.index_select(0, places)) for value in self.values)

    def _within_reach(self, value: Tensor) -> Tensor:
        if value.device.type == "cpu" and self.device.type == "cuda":
            return value.pin_memory().to(self.device, non_blocking=True)
        return value.to(self.device)


@dataclass(frozen=True)
class ActivationCache:
    """Keeps what one network says at one cut.

    facts: what decides it, apart from the photos and how they are changed. photos: by row of the dataset, what
    identifies the photo's content.
    """

    home: Home
    device: torch.device
    facts: Facts
    photos: np.ndarray

    def keep(
        self, compute: Compute, rows: np.ndarray, view: Facts, bytes_per_photo: int, begun: Prepared
    ) -> Generator[Prepared, None, CachedActivations | None]:
        """The values of `rows`, as they lie there or as they are computed now; None where there is no room for them.

        view: how the photos are changed, {} where they are not. They are computed in the same blocks each time, so that
        a resumed run gets the same bits. begun: the event whose kind the progress has.
        """
        blocks = np.split(rows, range(BLOCK, len(rows), BLOCK))
        place = np.full(len(self.photos), -1)
        place[rows] = np.arange(len(rows))
        wanted = len(rows) * bytes_per_photo
        if fits(self.home, wanted):
            with suppress(DiskFull):
                facts = self._all_facts(rows, view)
                values = yield from self._in_files(compute, blocks, facts, begun)
                return CachedActivations(values, place, self.device, folder_of(self.home, facts))
        if wanted <= memory_budget(self.device):
            values = yield from _in_memory(compute, blocks, self.device, begun)
            return CachedActivations(values, place, self.device)
        return None

    def _all_facts(self, rows: np.ndarray, view: Facts) -> Facts:
        # How a photo is changed depends on its row, too; as it is, it does not.
        which = digest(self.photos[rows], rows) if view else digest(self.photos[rows])
        return {**self.facts, "view": dict(view), "photos": which}

    def _in_files(
        self, compute: Compute, blocks: list[np.ndarray], facts: Facts, begun: Prepared
    ) -> Generator[Prepared, None, Activations]:
        """Raises DiskFull."""
        photos = sum(map(len, blocks))
        files = open_files(self.home, facts, photos)
        missing = list(range(len(blocks)))
        if files:
            missing = yield from _not_whole(files)
        done = photos - sum(len(blocks[block]) for block in missing)
        for block in missing:
            values = in_smaller_batches(compute, blocks[block])
            files = files or make_files(self.home, facts, photos, _shapes(values))
            files.write(block, values)
            done += len(blocks[block])
            yield replace(begun, done=done, total=photos)
        assert files is not None, "there is no dataset without photos"
        wanted = sum(value.nbytes for value in files.values)
        fits_device = self.device.type != "cpu" and wanted <= memory_budget(self.device)
        return tuple(value.to(self.device) for value in files.values) if fits_device else files.values


def _in_memory(
    compute: Compute, blocks: list[np.ndarray], device: torch.device, begun: Prepared
) -> Generator[Prepared, None, Activations]:
    photos, done = sum(map(len, blocks)), 0
    kept: Activations = ()
    for rows in blocks:
        values = in_smaller_batches(compute, rows)
        kept = kept or tuple(value.new_empty((photos, *value.shape[1:]), device=device) for value in values)
        for whole, value in zip(kept, values, strict=True):
            whole[done : done + len(rows)] = value
        done += len(rows)
        yield replace(begun, done=done, total=photos)
    return kept


def _not_whole(files: ActivationFiles) -> Generator[Prepared, None, list[int]]:
    """The blocks that a damaged disk changed, or that were never written."""
    missing = []
    for block, whole in enumerate(files.whole_blocks()):
        if not whole:
            missing.append(block)
        yield Prepared("check_cache", (block + 1 - len(missing)) * files.photos // files.blocks, files.photos)
    return missing


def _shapes(values: Activations) -> tuple[Shape, ...]:
    return tuple(Shape(tuple(value.shape[1:]), value.dtype) for value in values)


def digest(*parts: object) -> str:
    """One name for all of it: arrays, tensors and words."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(part.tobytes() if isinstance(part, np.ndarray) else str(part).encode())
    return found.hexdigest()


def digest_of_tensors(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """One name for weights: their names, shapes and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for name, tensor in tensors:
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
