"""Photos that lie on the GPU: a batch is gathered there, and nothing has to cross to it at each step."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from core.datasets import PixelStore
from core.device import memory_budget
from core.job import Prepared

_AT_ONCE = 256  # photos per copy; enough for the bus, little enough to answer a stop at once


class GpuPixelCache:
    """A pixel store whose `read` gives tensors on the device."""

    def __init__(self, store: PixelStore, pixels: Tensor) -> None:
        self.image_size, self.side, self.note, self._pixels = store.image_size, store.side, store.note, pixels

    def read(self, rows: np.ndarray) -> Tensor:
        """uint8 [rows, 3, side, side] on the device."""
        return self._pixels.index_select(0, torch.from_numpy(np.asarray(rows)).to(self._pixels.device))


def cache_pixels_on_gpu(store: PixelStore, images: int, device: torch.device) -> Generator[Prepared, None, PixelStore]:
    """The store with its photos on the device, where a GPU has room for all of them; else as it is."""
    if device.type != "cuda" or images * 3 * store.side**2 > memory_budget(device):
        return store
    return (yield from copied(store, images, device))


def copied(store: PixelStore, images: int, device: torch.device) -> Generator[Prepared, None, GpuPixelCache]:
    pixels = torch.empty((images, 3, store.side, store.side), dtype=torch.uint8, device=device)
    for rows in np.split(np.arange(images), range(_AT_ONCE, images, _AT_ONCE)):
        pixels[rows[0] : rows[-1] + 1] = store.read(rows).to(device)
        yield Prepared("copy_pixels", int(rows[-1]) + 1, images)
    return GpuPixelCache(store, pixels)
