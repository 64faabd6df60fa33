"""The activation cache: a network's activations for photos, computed once and read in later epochs and runs.

It lies in memory-mapped files, shared by all runs with the same photos, augmentation and frozen weights; in memory,
where the disk has no room.
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
    BLOCK_SIZE,
    ActivationFiles,
    Activations,
    TensorSpec,
    cache_folder,
    create_files,
    fits_budget,
    open_files,
)
from core.device import in_smaller_batches, memory_budget, profile_store
from core.errors import DiskFull
from core.home import Home
from core.job import Prepared
from core.plans import Plan

Compute = Callable[[np.ndarray], Activations]  # rows of a dataset -> their activations
Facts = Mapping[str, Any]  # all that decides activations, as JSON takes it


@dataclass(frozen=True)
class CachedActivations:
    """Activations of some rows of a dataset.

    activations: each [photos, ...]. index: int64 [rows of the dataset], the place of a row in them; -1 for a
    row that is not cached. device: where they are read to. folder: of their files, where they are cached on the disk.
    """

    activations: Activations
    index: np.ndarray
    device: torch.device
    folder: Path | None = None

    def read(self, rows: np.ndarray) -> Activations:
        """Each [rows, ...], on the device."""
        places = torch.from_numpy(self.index[rows]).to(self.activations[0].device)
        return tuple(self._to_device(each.index_select(0, places)) for each in self.activations)

    def _to_device(self, value: Tensor) -> Tensor:
        if value.device.type == "cpu" and self.device.type == "cuda":
            return value.pin_memory().to(self.device, non_blocking=True)
        return value.to(self.device)


@dataclass(frozen=True)
class ActivationCache:
    """Activations of one network at one cut, for the photos of one dataset.

    facts: what decides them apart from the photos and their augmentation. contents: [rows of the dataset], a hash of
    each photo's file.
    """

    home: Home
    device: torch.device
    facts: Facts
    contents: np.ndarray

    def load_or_compute(
        self, compute: Compute, rows: np.ndarray, view: Facts, bytes_per_photo: int, begun: Prepared
    ) -> Generator[Prepared, None, CachedActivations | None]:
        """Read the activations of `rows` from the disk, or compute and cache them; None where there is no room.

        view: the augmentation of the photos, {} for clean ones. begun: an event with the kind of the progress. They are
        computed in the same blocks each time, so that a resumed run gets the same bits.
        """
        blocks = np.split(rows, range(BLOCK_SIZE, len(rows), BLOCK_SIZE))
        index = np.full(len(self.contents), -1)
        index[rows] = np.arange(len(rows))
        wanted = len(rows) * bytes_per_photo
        if fits_budget(self.home, wanted):
            with suppress(DiskFull):
                facts = self._all_facts(rows, view)
                activations = yield from self._load_or_compute_files(compute, blocks, facts, begun)
                return CachedActivations(activations, index, self.device, cache_folder(self.home, facts))
        if wanted <= memory_budget(self.device):
            activations = yield from _compute_in_memory(compute, blocks, self.device, begun)
            return CachedActivations(activations, index, self.device)
        return None

    def _all_facts(self, rows: np.ndarray, view: Facts) -> Facts:
        # Augmentation depends on a photo's row, too; a clean photo is the same in every row.
        photos = digest(self.contents[rows], rows) if view else digest(self.contents[rows])
        return {**self.facts, "view": dict(view), "photos": photos}

    def _load_or_compute_files(
        self, compute: Compute, blocks: list[np.ndarray], facts: Facts, begun: Prepared
    ) -> Generator[Prepared, None, Activations]:
        """Raises DiskFull."""
        photos = sum(map(len, blocks))
        files = open_files(self.home, facts, photos)
        missing = list(range(len(blocks)))
        if files:
            missing = yield from _invalid_blocks(files)
        done = photos - sum(len(blocks[block]) for block in missing)
        for block in missing:
            activations = in_smaller_batches(compute, blocks[block])
            files = files or create_files(self.home, facts, photos, _specs(activations))
            files.write(block, activations)
            done += len(blocks[block])
            yield replace(begun, done=done, total=photos)
        assert files is not None, "there is no dataset without photos"
        wanted = sum(each.nbytes for each in files.activations)
        fits_device = self.device.type != "cpu" and wanted <= memory_budget(self.device)
        return tuple(each.to(self.device) for each in files.activations) if fits_device else files.activations


def _compute_in_memory(
    compute: Compute, blocks: list[np.ndarray], device: torch.device, begun: Prepared
) -> Generator[Prepared, None, Activations]:
    photos, done = sum(map(len, blocks)), 0
    cached: Activations = ()
    for rows in blocks:
        activations = in_smaller_batches(compute, rows)
        cached = cached or tuple(each.new_empty((photos, *each.shape[1:]), device=device) for each in activations)
        for target, each in zip(cached, activations, strict=True):
            target[done : done + len(rows)] = each
        done += len(rows)
        yield replace(begun, done=done, total=photos)
    return cached


def _invalid_blocks(files: ActivationFiles) -> Generator[Prepared, None, list[int]]:
    """The blocks that a damaged disk changed, or that were never written."""
    invalid = []
    for block, is_valid in enumerate(files.valid_blocks()):
        if not is_valid:
            invalid.append(block)
        yield Prepared("check_cache", (block + 1 - len(invalid)) * files.photos // files.blocks, files.photos)
    return invalid


def _specs(activations: Activations) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(tuple(each.shape[1:]), each.dtype) for each in activations)


def gather_views(cached: Mapping[int, CachedActivations], rows: np.ndarray, views: np.ndarray) -> Activations:
    """Read activations of photos, each in its own view; each [rows, ...].

    cached: by view. rows, views: int64 [images].
    """
    distinct = np.unique(views)
    if len(distinct) == 1:
        return cached[int(distinct[0])].read(rows)
    order = np.argsort(views, kind="stable")
    parts = [cached[int(view)].read(rows[views == view]) for view in distinct]
    inverse = torch.from_numpy(np.argsort(order)).to(parts[0][0].device)
    return tuple(torch.cat(each).index_select(0, inverse) for each in zip(*parts, strict=True))


def record_cached_stage(home: Home, plan: Plan, first_trainable_stage: int, device: torch.device, folder: Path) -> None:
    """Note that the activations of a plan's clean photos before that stage are cached in `folder`."""
    profile_store.write(home, _stage_key(plan, first_trainable_stage, device), {"folder": folder.name})


def cached_stages(home: Home, plan: Plan, device: torch.device) -> frozenset[int]:
    """The first trainable stages of those of a plan's phases whose activations of clean photos are on the disk."""
    stages = {phase.first_trainable_stage for phase in plan.phases}
    return frozenset(stage for stage in stages if _is_on_disk(home, _stage_key(plan, stage, device)))


def _is_on_disk(home: Home, key: str) -> bool:
    known = profile_store.read(home, key)
    return known is not None and (home.activations / known["folder"]).exists()


def _stage_key(plan: Plan, first_trainable_stage: int, device: torch.device) -> str:
    # Near enough for an estimate. What a run really reads is decided by the facts of its cache.
    photos = plan.source.id, plan.source.version, plan.tasks, plan.image_size, plan.augmentation.off
    return profile_store.key_of("cache", *photos, plan.backbone.model_dump_json(), first_trainable_stage, device)


def digest(*parts: object) -> str:
    """A hash of arrays and of whatever else is told apart by `str`."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(part.tobytes() if isinstance(part, np.ndarray) else str(part).encode())
    return found.hexdigest()


def digest_of_tensors(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """A hash of weights: their names, shapes and bytes."""
    found = hashlib.blake2b(digest_size=16)
    for name, tensor in tensors:
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
