"""Features of all photos of a dataset, labelled or not, by a network as it came: computed once and kept.

They lie in the activation cache and are found by the photos' contents, so that a version with other labels reads what
the version before it computed, and builds no network for it.
"""

from collections.abc import Generator
from functools import cached_property

import numpy as np
import timm
import torch
from torch import nn

from core.activations.cache import ActivationCache
from core.activations.cache_files import Activations
from core.backbones import Normalize, architecture_features, build_backbone, get_card
from core.datasets import VERSION as PIXELS_VERSION
from core.datasets import Dataset, PixelStore, center_crop, open_pixels
from core.device import memory_budget
from core.errors import TooLittleMemory
from core.home import Home, Progress, silent
from core.job import Prepared
from core.plans import BackboneChoice


class _Network:
    """A backbone and the photos that it looks at, both opened by the first batch."""

    def __init__(self, home: Home, dataset: Dataset, choice: BackboneChoice, image_size: int, progress: Progress):
        self.home, self.dataset, self.choice, self.image_size = home, dataset, choice, image_size
        self.progress = progress

    @cached_property
    def backbone(self) -> nn.Module:
        return build_backbone(self.home, self.choice, self.image_size).eval()

    @cached_property
    def normalize(self) -> Normalize:
        return Normalize(get_card(self.choice.name))

    @cached_property
    def store(self) -> PixelStore:
        return open_pixels(self.home, self.dataset, self.image_size, self.progress)

    def features(self, rows: np.ndarray) -> Activations:
        """([rows, channels],), float32."""
        with torch.no_grad():
            pixels = center_crop(self.store.read(rows), self.image_size)
            return (self.backbone(self.normalize(pixels)).float(),)


def photo_features(
    home: Home, dataset: Dataset, choice: BackboneChoice, image_size: int, progress: Progress = silent
) -> np.ndarray:
    """Of every row of the dataset, float32 [photos, channels].

    progress: may raise to stop; what was computed by then is kept. Raises what `core.backbones.build_backbone` does,
    BadDataset for a photo that cannot be read, and TooLittleMemory.
    """
    computing = _compute(home, dataset, choice, image_size, progress)
    while True:
        try:
            event = next(computing)
        except StopIteration as ended:
            return ended.value
        progress(event.done, event.total, "Looking once at every photo")


def _compute(
    home: Home, dataset: Dataset, choice: BackboneChoice, image_size: int, progress: Progress
) -> Generator[Prepared, None, np.ndarray]:
    network = _Network(home, dataset, choice, image_size, progress)
    facts = {
        "features of": choice.model_dump(),
        "image_size": image_size,
        "pixels": PIXELS_VERSION,
        "versions": (torch.__version__, timm.__version__),
    }
    cpu = torch.device("cpu")
    cache = ActivationCache(home, cpu, facts, np.array(dataset.table["hash"], "S64"))
    rows = np.arange(len(dataset))
    channels = architecture_features(get_card(choice.name).architecture)
    found = yield from cache.load_or_compute(
        network.features, rows, {}, channels * torch.float32.itemsize, Prepared("features", 0, len(rows))
    )
    if found is None or found.activations[0].nbytes > memory_budget(cpu):
        raise TooLittleMemory(
            "Neither the disk nor the memory of this machine has room for the features of all photos.",
            "Make room on the disk, or choose a smaller network.",
        )
    return found.activations[0].numpy()
