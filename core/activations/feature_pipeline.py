"""Features of photos in one phase: augmentation, frozen prefix or its cached activations, trainable suffix."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from core.activations.cache import CachedActivations, gather_views, record_cached_stage
from core.activations.input_batches import augmented_batch, clean_batch
from core.activations.split_backbone import (
    SplitBackbone,
    cache_clean,
    cache_view,
    has_room_for_views,
    split_backbone,
)
from core.augmentation import Mixture, apply_mixture
from core.backbones import image_size_multiple
from core.device import uniform
from core.job import Event, PhasePosition, Prepared, Role, TrainingContext
from core.models import TrainedModel
from core.plans import Phase, augments, image_size_at, newest_views, num_views, resizes_progressively, views_at


@dataclass(frozen=True, eq=False)
class FeaturePipeline:
    """How photos of a run's datasets become features [images, channels] in one phase.

    backbone: split before its first trainable stage; None where nothing is frozen, or where it cannot be split.
    views: how many augmented views of a photo the phase trains on; as many as epochs where each epoch has a new one.
    clean_cache: by role, of clean photos. augmented_cache: by role and view, of augmented training photos. A role is
    missing where there was no room for it: its activations are computed at each step.
    """

    model: TrainedModel
    context: TrainingContext
    phase_position: PhasePosition
    backbone: SplitBackbone | None = None
    views: int = 0
    clean_cache: Mapping[Role, CachedActivations] = field(default_factory=dict)
    augmented_cache: Mapping[Role, Mapping[int, CachedActivations]] = field(default_factory=dict)

    def training_features(
        self, rows: np.ndarray, epoch: int, mixture: Mixture | None = None, role: Role = "source"
    ) -> Tensor:
        """Features of training photos, augmented as in this epoch (from 0), and mixed with each other."""
        plan = self.context.plan
        if not augments(plan, self.phase_position.phase):
            if not resizes_progressively(plan, self.phase_position.phase):
                return self.evaluation_features(rows, role)
            return self._forward(self._resize(clean_batch(self.context, self.model, rows, role), epoch))
        views = self.views_of(rows, epoch, role)
        cached = self.augmented_cache.get(role)
        if self.backbone and cached and not mixture:
            return self.backbone.run_suffix(gather_views(cached, rows, views))
        images = augmented_batch(self.context, self.model, rows, views, role)
        if mixture:  # pixels are mixed, so cached activations are of no use
            images = apply_mixture(images, mixture)
        return self._forward(self._resize(images, epoch))

    def evaluation_features(self, rows: np.ndarray, role: Role = "source") -> Tensor:
        """Features of clean photos."""
        if self.backbone and role in self.clean_cache:
            return self.backbone.run_suffix(self.clean_cache[role].read(rows))
        return self._forward(clean_batch(self.context, self.model, rows, role))

    def with_epoch_cache(self, epoch: int) -> Generator[Event, None, "FeaturePipeline"]:
        """A pipeline with the augmented views that this epoch chooses from; new ones are computed and cached now."""
        if self.backbone is None or not self.caches_views:
            return self
        cached = {}
        for role in self.context.sources:
            cached[role] = yield from self._cache_views(self.backbone, role, epoch)
        return replace(self, augmented_cache=cached)

    def is_reusable_in(self, position: PhasePosition) -> bool:
        """Whether another phase has the same first trainable stage, so that this pipeline's cache serves it, too."""
        return self.phase_position.phase.first_trainable_stage == position.phase.first_trainable_stage

    @property
    def is_head_only(self) -> bool:
        """Whether only the heads are left to compute in this epoch: features of all photos are cached."""
        roles = self.context.sources.keys()
        if self.backbone is None or self.clean_cache.keys() != roles:
            return False
        plan = self.context.plan
        views_cached = bool(self.augmented_cache) and all(self.augmented_cache.values())
        return isinstance(self.backbone.suffix, nn.Identity) and (
            not augments(plan, self.phase_position.phase) or (views_cached and not plan.augmentation.mixes)
        )

    @property
    def caches_views(self) -> bool:
        """Whether epochs of this phase share augmented views."""
        phase = self.phase_position.phase
        return self.views < phase.epochs and augments(self.context.plan, phase)

    def views_of(self, rows: np.ndarray, epoch: int, role: Role = "source") -> np.ndarray:
        """Which view of each photo an epoch trains on, int64 [rows]. A photo goes through them in turn."""
        fixed, position = self.context.plan.fixed_views, self.phase_position
        choice = range(fixed) if fixed else views_at(position.phase, self.views, position.first_epoch, epoch)
        pool, seed = np.array(choice), self.context.sources[role].seed
        offset = (uniform(seed, position.first_epoch, rows, 1)[:, 0] * len(pool)).astype(int)
        return pool[(offset + epoch) % len(pool)]

    def _cache_views(
        self, backbone: SplitBackbone, role: Role, epoch: int
    ) -> Generator[Prepared, None, dict[int, CachedActivations]]:
        """By view, those that an epoch needs; none where there is no room for all of them."""
        cached: dict[int, CachedActivations] = {}
        for view in self._views_to_cache(epoch):
            found = self.augmented_cache.get(role, {}).get(view)
            found = found or (yield from cache_view(self.context, self.model, backbone, role, view))
            if found is None:
                return {}
            cached[view] = found
        return cached

    def _views_to_cache(self, epoch: int) -> tuple[int, ...]:
        """The views that an epoch chooses from; all that there are, where a teacher has fixed ones."""
        fixed, position = self.context.plan.fixed_views, self.phase_position
        return tuple(range(fixed)) if fixed else newest_views(position.phase, self.views, position.first_epoch, epoch)

    def _forward(self, images: Tensor) -> Tensor:
        """Features of images whose activations are not cached."""
        if self.backbone is None:
            return self.model.backbone(images)
        return self.backbone.run_suffix(self.backbone.run_prefix(images))

    def _resize(self, images: Tensor, epoch: int) -> Tensor:
        """Images at the size of this epoch, where the phase resizes them progressively."""
        position = self.phase_position
        epoch_of_phase, multiple = epoch - position.first_epoch, image_size_multiple(self.context.card)
        size = image_size_at(self.context.plan, position.phase, epoch_of_phase, multiple)
        if size == images.shape[-1]:
            return images
        smaller = functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
        return self.context.compute_config.lay_out(smaller)


def build_pipeline(
    context: TrainingContext,
    model: TrainedModel,
    position: PhasePosition,
    views: int | None,
    previous: FeaturePipeline | None,
) -> Generator[Event, None, FeaturePipeline]:
    """Split the backbone for a phase, and cache the frozen part's activations of clean photos.

    views: how many of each photo, where that was decided before. previous: a pipeline whose cache serves this phase.
    """
    phase = position.phase
    if phase.first_trainable_stage == 0:
        return FeaturePipeline(model, context, position, views=phase.epochs)
    if previous:
        backbone, clean_cache = previous.backbone, previous.clean_cache
    else:
        backbone = yield from split_backbone(context, model, phase)
        clean_cache = (yield from _cache_clean(context, model, backbone, phase)) if backbone else {}
    if views is None:
        has_room = backbone is not None and has_room_for_views(context, backbone)
        views = num_views(context.plan, phase) if has_room else phase.epochs
    return FeaturePipeline(model, context, position, backbone, views, clean_cache)


def _cache_clean(
    context: TrainingContext, model: TrainedModel, backbone: SplitBackbone, phase: Phase
) -> Generator[Prepared, None, dict[Role, CachedActivations]]:
    """By role, as far as there is room; what lies on the disk is noted for estimates of later plans."""
    cached: dict[Role, CachedActivations] = {}
    for role in context.sources:
        found = yield from cache_clean(context, model, backbone, role, with_training=not augments(context.plan, phase))
        if found:
            cached[role] = found
    if "source" in cached and (folder := cached["source"].folder):
        device = context.compute_config.device
        record_cached_stage(context.home, context.plan, phase.first_trainable_stage, device, folder)
    return cached
