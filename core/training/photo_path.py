"""The path of a photo within a phase: pixels, augmentation, prefix (or what was kept of it), suffix, features."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.backbones.cut import cut
from core.plans.plan import Phase
from core.training.augmentation import augment, centre, draw, erase
from core.training.events import Prepared
from core.training.kept_activations import KeptActivations, Values, keep, memory_budget
from core.training.model import TrainedModel
from core.training.workbench import Workbench

JUDGED_AT_ONCE = 64  # photos per batch where nothing learns; larger ones gain little and answer a pause late


@dataclass(frozen=True, eq=False)
class PhotoPath:
    """How rows of the dataset become features [rows, channels], to learn from and to judge by.

    first_learning: the stage before which nothing changes. kept, suffix: what was computed up to there (or to the next
    earlier place where the network can be cut), and the rest of the network; None where nothing is kept.
    """

    model: TrainedModel
    bench: Workbench
    first_learning: int
    kept: KeptActivations | None = None
    suffix: nn.Module | None = None

    def learn(self, rows: np.ndarray, epoch: int) -> Tensor:
        """Features of training photos, augmented as in this epoch."""
        if self.kept and self.suffix and self.bench.plan.augmentation.off:
            return self.suffix(*self.kept.at(rows))
        return self.model.backbone(self._changed(rows, epoch))

    def judge(self, rows: np.ndarray) -> Tensor:
        """Features of photos as they are."""
        if self.kept and self.suffix:
            return self.suffix(*self.kept.at(rows))
        return self.model.backbone(clean(self.bench, self.model, rows))

    def _changed(self, rows: np.ndarray, epoch: int) -> Tensor:
        plan = self.bench.plan
        if plan.augmentation.off:
            return clean(self.bench, self.model, rows)
        drawn = draw(plan.augmentation, plan.seed, epoch, rows, plan.image_size / self.bench.store.side)
        pixels = _on_device(self.bench, rows)
        images = self.model.normalised(augment(pixels, plan.augmentation, drawn, plan.image_size))
        return self.bench.arithmetic.lay_out(erase(images, drawn))


def clean(bench: Workbench, model: TrainedModel, rows: np.ndarray) -> Tensor:
    """Photos as evaluation and prediction see them: the middle, normalised."""
    pixels = centre(_on_device(bench, rows), bench.plan.image_size)
    return bench.arithmetic.lay_out(model.normalised(pixels))


def _on_device(bench: Workbench, rows: np.ndarray) -> Tensor:
    pixels, device = bench.store.read(rows), bench.arithmetic.device
    return pixels.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else pixels.to(device)


def open_path(bench: Workbench, model: TrainedModel, phase: Phase) -> Generator[Prepared, None, PhotoPath]:
    """The path of a phase. What lies before the first learning stage is computed once per photo and kept, where photos
    stay the same (validation photos always do) and memory allows; the features are the same either way.
    """
    plain = PhotoPath(model, bench, phase.first_learning)
    if phase.first_learning == 0:
        return plain
    prefix, suffix, bytes_per_image = _parts(model, phase, bench.plan.image_size)
    judged = np.union1d(bench.validation, bench.clean)
    rows = np.union1d(judged, bench.training) if bench.plan.augmentation.off else judged
    if prefix is None or len(rows) * bytes_per_image > memory_budget(bench.arithmetic.device):
        return plain

    def compute(batch: np.ndarray) -> Values:
        with torch.no_grad(), bench.arithmetic.autocast():
            return prefix(clean(bench, model, batch))

    model.eval()
    kept = yield from keep(compute, rows, len(next(iter(bench.labels.values()))), JUDGED_AT_ONCE)
    return PhotoPath(model, bench, phase.first_learning, kept, suffix)


def _parts(
    model: TrainedModel, phase: Phase, image_size: int
) -> tuple[Callable[[Tensor], Values] | None, nn.Module, int]:
    """Prefix (None where the network cannot be cut), suffix, and bytes per photo that cross."""
    if phase.first_learning == len(model.stages):
        return (lambda images: (model.backbone(images),)), nn.Identity(), 4 * model.features
    parts = cut(model.backbone, phase.first_learning, image_size)
    return (parts.prefix if parts.stage else None), parts.suffix, parts.bytes_per_image
