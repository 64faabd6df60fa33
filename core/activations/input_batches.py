"""Batches as a network takes them: stored pixels on the training device, cropped or augmented, then normalised."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from core.augmentation import AugmentationParameters, apply_erasing, augment, sample_parameters
from core.datasets import PixelStore, center_crop
from core.device import memory_budget
from core.job import Prepared, Role, TrainingContext
from core.models import TrainedModel

_COPY_BATCH_SIZE = 256  # photos per copy; enough for the bus, little enough to answer a stop at once


class GpuPixelCache:
    """A pixel store whose photos lie on the GPU: batches are gathered there, and no step copies pixels to it."""

    def __init__(self, store: PixelStore, pixels: Tensor) -> None:
        self.image_size, self.side, self.note, self._pixels = store.image_size, store.side, store.note, pixels

    def read(self, rows: np.ndarray) -> Tensor:
        """uint8 [rows, 3, side, side] on the device."""
        return self._pixels.index_select(0, torch.from_numpy(np.asarray(rows)).to(self._pixels.device))


def cache_pixels_on_gpu(store: PixelStore, images: int, device: torch.device) -> Generator[Prepared, None, PixelStore]:
    """A store with its photos on the GPU, where there is one with room for all of them; else the store itself."""
    if device.type != "cuda" or images * 3 * store.side**2 > memory_budget(device):
        return store
    return (yield from copy_pixels(store, images, device))


def copy_pixels(store: PixelStore, images: int, device: torch.device) -> Generator[Prepared, None, GpuPixelCache]:
    """Copy all photos of a store to a device."""
    pixels = torch.empty((images, 3, store.side, store.side), dtype=torch.uint8, device=device)
    for rows in np.split(np.arange(images), range(_COPY_BATCH_SIZE, images, _COPY_BATCH_SIZE)):
        pixels[rows[0] : rows[-1] + 1] = store.read(rows).to(device)
        yield Prepared("copy_pixels", int(rows[-1]) + 1, images)
    return GpuPixelCache(store, pixels)


def clean_batch(context: TrainingContext, model: TrainedModel, rows: np.ndarray, role: Role = "source") -> Tensor:
    """Photos as in evaluation and prediction: the centre crop, normalised, [rows, 3, size, size]."""
    pixels = center_crop(_read(context, rows, role), context.plan.image_size)
    return context.compute_config.lay_out(model.normalize(pixels))


def augmented_batch(
    context: TrainingContext, model: TrainedModel, rows: np.ndarray, views: np.ndarray, role: Role = "source"
) -> Tensor:
    """Augmented views of photos, normalised, [rows, 3, size, size]. rows, views: int64 [images]."""
    parameters = _parameters(context, rows, views, role)
    pixels = augment(_read(context, rows, role), context.plan.augmentation, parameters, context.plan.image_size)
    return context.compute_config.lay_out(apply_erasing(model.normalize(pixels), parameters))


def view_pixels(context: TrainingContext, rows: np.ndarray, views: np.ndarray, role: Role = "source") -> Tensor:
    """Views in pixels, float [rows, 3, size, size] from 0 to 255, before normalisation and erasing: a teacher's input.

    rows, views: int64 [images].
    """
    pixels, plan = _read(context, rows, role), context.plan
    if plan.augmentation.off:
        return center_crop(pixels, plan.image_size).float()
    return augment(pixels, plan.augmentation, _parameters(context, rows, views, role), plan.image_size)


def _parameters(context: TrainingContext, rows: np.ndarray, views: np.ndarray, role: Role) -> AugmentationParameters:
    plan, source = context.plan, context.sources[role]
    return sample_parameters(plan.augmentation, source.seed, views, rows, plan.image_size / source.store.side)


def _read(context: TrainingContext, rows: np.ndarray, role: Role) -> Tensor:
    pixels, device = context.sources[role].store.read(rows), context.compute_config.device
    if device.type == "cuda" and not pixels.is_cuda:
        return pixels.pin_memory().to(device, non_blocking=True)
    return pixels.to(device)
