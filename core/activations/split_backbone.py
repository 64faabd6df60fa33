"""A backbone split before its first trainable stage, and the activations of its frozen part for a run's photos."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn

from core.activations.cache import ActivationCache, CachedActivations, Facts, digest, digest_of_tensors
from core.activations.cache_files import Activations, fits_budget
from core.activations.input_batches import augmented_batch, clean_batch
from core.backbones import BackboneCard, FusedPrefix, cut
from core.datasets import VERSION as PIXELS_VERSION
from core.device import ComputeConfig, memory_budget
from core.job import Prepared, Role, TrainingContext, Warned
from core.models import TrainedModel
from core.plans import POOL, Phase


@dataclass(frozen=True, eq=False)
class SplitBackbone:
    """A network in two parts, of which the first is frozen.

    prefix: normalised photos -> activations at the cut, with batch norms fused. suffix: these -> features. facts: what
    decides the activations apart from the photos, for the cache.
    """

    prefix: Callable[[Tensor], Activations]
    suffix: nn.Module
    bytes_per_photo: int
    facts: Facts
    compute_config: ComputeConfig

    def run_prefix(self, images: Tensor) -> Activations:
        """Activations at the cut of normalised photos [images, 3, size, size], without gradients."""
        with torch.no_grad(), self.compute_config.inference_autocast():
            return self.prefix(images)

    def run_suffix(self, activations: Activations) -> Tensor:
        """Features [images, channels], with gradients in training."""
        return self.suffix(*map(self.compute_config.to_step_precision, activations))


def split_backbone(
    context: TrainingContext, model: TrainedModel, phase: Phase
) -> Generator[Warned, None, SplitBackbone | None]:
    """Split the backbone before the phase's first trainable stage, or before an earlier one; None where it cannot be
    split at all.
    """
    found = cut(model.backbone, phase.first_trainable_stage, context.plan.image_size)
    if found.stage < phase.first_trainable_stage:
        yield Warned(_split_earlier_in_words(model, phase.first_trainable_stage, found.stage))
    if found.stage == 0:
        return None
    facts = {
        "network": model.backbone.__class__.__name__,
        "graph": digest(getattr(found.prefix, "code", "")),
        "weights": digest_of_tensors(found.prefix.state_dict().items()),
        "stage": found.stage,
        "image_size": context.plan.image_size,
        "channels_last": context.compute_config.channels_last,
        "threads": context.compute_config.threads,
        **forward_facts(context, context.card),
    }
    prefix = FusedPrefix(found.prefix)
    return SplitBackbone(prefix, found.suffix, found.bytes_per_image, facts, context.compute_config)


def forward_facts(context: TrainingContext, card: BackboneCard) -> dict[str, Any]:
    """What decides the outputs of any network for a run's photos, beside the network itself: part of a cache's facts.

    card: of the network, which is not always the one that is trained.
    """
    compute_config = context.compute_config
    return {
        "side": context.source.store.side,
        "pixels": PIXELS_VERSION,
        "mean": card.mean,
        "std": card.std,
        "precision": compute_config.inference_dtype or compute_config.precision,
        "device": compute_config.device.type,
        "versions": (torch.__version__, timm.__version__),
    }


def has_room_for_views(context: TrainingContext, backbone: SplitBackbone) -> bool:
    """Whether disk or memory has room for the activations of all views that are in use at a time."""
    photos = sum(len(source.training) for source in context.sources.values())
    wanted = POOL * photos * backbone.bytes_per_photo
    return fits_budget(context.home, wanted) or wanted <= memory_budget(context.compute_config.device)


def cache_clean(
    context: TrainingContext, model: TrainedModel, backbone: SplitBackbone, role: Role, with_training: bool
) -> Generator[Prepared, None, CachedActivations | None]:
    """Cache the activations of a dataset's clean photos: of those for evaluation, and of all that are trained on where
    these are not augmented. None where there is no room for them.
    """
    source = context.sources[role]
    rows = np.union1d(source.validation, source.clean)
    if with_training:
        rows = np.union1d(rows, source.training)

    def compute(batch: np.ndarray) -> Activations:
        return backbone.run_prefix(clean_batch(context, model, batch, role))

    model.eval()
    cache = ActivationCache(context.home, context.compute_config.device, backbone.facts, source.contents)
    return cache.load_or_compute(compute, rows, {}, backbone.bytes_per_photo, Prepared("cache", 0, 0))


def cache_view(
    context: TrainingContext, model: TrainedModel, backbone: SplitBackbone, role: Role, view: int
) -> Generator[Prepared, None, CachedActivations | None]:
    """Cache the activations of one augmented view of all training photos of a dataset; None where there is no room."""
    source = context.sources[role]
    settings = context.plan.augmentation.model_dump(exclude={"cached_views", "mixup", "cutmix"})

    def compute(rows: np.ndarray) -> Activations:
        return backbone.run_prefix(augmented_batch(context, model, rows, np.full(len(rows), view), role))

    cache = ActivationCache(context.home, context.compute_config.device, backbone.facts, source.contents)
    view_facts = {**settings, "seed": source.seed, "view": view}
    begun = Prepared("cache_view", 0, 0)
    return cache.load_or_compute(compute, source.training, view_facts, backbone.bytes_per_photo, begun)


def _split_earlier_in_words(model: TrainedModel, wanted: int, found: int) -> str:
    first = model.stages[wanted].name
    if found == 0:
        return f"This network cannot be cut before {first}, so its frozen part is computed anew in every epoch."
    return f"This network cannot be cut before {first}: what comes before {model.stages[found].name} is computed once."
