"""The path of a photo within a phase: pixels, augmentation, prefix (or what was kept of it), suffix, features."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.activations.cache import ActivationCache, CachedActivations, digest, digest_of_tensors
from core.activations.cache_files import Activations, fits
from core.activations.cache_index import record_cached_stage
from core.augmentation import (
    AugmentationParameters,
    Mixture,
    apply_erasing,
    apply_mixture,
    augment,
    centre,
    sample_parameters,
)
from core.backbones import FusedPrefix, cut, image_size_multiple
from core.datasets import VERSION as PIXELS_VERSION
from core.device import memory_budget, uniform
from core.job import Event, PhasePosition, Prepared, TrainingContext, Warned
from core.models import TrainedModel
from core.plans import POOL, Phase, image_size_at, newest_views, num_views, resizes_progressively, views_at


@dataclass(frozen=True, eq=False)
class FeaturePipeline:
    """How rows of the dataset become features [rows, channels] in one phase, to learn from and to judge by.

    parts: of the network, cut before its first learning stage; None where nothing is frozen, or nothing can be kept.
    views: how many changed views of a photo the phase learns from; as many as epochs where each epoch has new ones.
    same: what was kept of photos as they are. changed: of changed ones, by view.
    """

    model: TrainedModel
    context: TrainingContext
    now: PhasePosition
    parts: "Parts | None" = None
    views: int = 0
    same: CachedActivations | None = None
    changed: Mapping[int, CachedActivations] = field(default_factory=dict)

    def learn(self, rows: np.ndarray, epoch: int, mixture: Mixture | None = None) -> Tensor:
        """Features of training photos, augmented as in this epoch, and mixed with each other."""
        if self.context.plan.augmentation.off:
            if not resizes_progressively(self.context.plan, self.now.phase):
                return self.judge(rows)
            return self._through(self._shrunk(unchanged(self.context, self.model, rows), epoch))
        views = self.views_of(rows, epoch)
        if self.parts and self.changed and not mixture:
            return self.parts.go_on(self.context, gather_views(self.changed, rows, views))
        images = changed(self.context, self.model, rows, views)
        if mixture:  # pixels are mixed, so the frozen part must look anew
            images = apply_mixture(images, mixture)
        return self._through(self._shrunk(images, epoch))

    def judge(self, rows: np.ndarray) -> Tensor:
        """Features of photos as they are."""
        if self.parts and self.same:
            return self.parts.go_on(self.context, self.same.at(rows))
        return self._through(unchanged(self.context, self.model, rows))

    def _size_at(self, epoch: int) -> int:
        now = self.now
        return image_size_at(
            self.context.plan, now.phase, epoch - now.first_epoch, image_size_multiple(self.context.card)
        )

    def _shrunk(self, images: Tensor, epoch: int) -> Tensor:
        """Images as large as this epoch learns from them, where photos grow."""
        size = self._size_at(epoch)
        if size == images.shape[-1]:
            return images
        smaller = functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
        return self.context.compute_config.lay_out(smaller)

    def _through(self, images: Tensor) -> Tensor:
        """Features of images of which nothing is kept."""
        if self.parts is None:
            return self.model.backbone(images)
        return self.parts.go_on(self.context, self.parts.look(self.context, images))

    def for_epoch(self, epoch: int) -> Generator[Event, None, "FeaturePipeline"]:
        """The path with the views that this epoch chooses from; one that is new is computed and kept now."""
        if self.parts is None or not self.caches_views:
            return self
        kept: dict[int, CachedActivations] = {}
        for view in self._newest(epoch):
            found = self.changed.get(view) or (yield from self._look(view))
            if found is None:
                return replace(self, changed={})  # no room any more: the same views, computed again where they are seen
            kept[view] = found
        return replace(self, changed=kept)

    def serves(self, now: PhasePosition) -> bool:
        """Whether another phase cuts the network where this one does, so that what was kept is of use to it."""
        return self.now.phase.first_trainable_stage == now.phase.first_trainable_stage

    @property
    def is_head_only(self) -> bool:
        """Whether nothing but the heads is left to compute in this epoch: all photos' features were kept."""
        if self.parts is None or self.same is None or not isinstance(self.parts.suffix, nn.Identity):
            return False
        changes = self.context.plan.augmentation
        return changes.off or (bool(self.changed) and not changes.mixes)

    @property
    def caches_views(self) -> bool:
        return self.views < self.now.phase.epochs and not self.context.plan.augmentation.off

    def _look(self, view: int) -> Generator[Prepared, None, CachedActivations | None]:
        """What the frozen part says about one view of all training photos."""
        parts, context, plan = self.parts, self.context, self.context.plan
        assert parts is not None
        facts = {
            **plan.augmentation.model_dump(exclude={"cached_views", "mixup", "cutmix"}),
            "seed": plan.seed,
            "view": view,
        }

        def compute(rows: np.ndarray) -> Activations:
            return parts.look(context, changed(context, self.model, rows, np.full(len(rows), view)))

        return parts.keeper.keep(compute, context.training, facts, parts.bytes_per_photo, Prepared("cache_view", 0, 0))

    def _newest(self, epoch: int) -> tuple[int, ...]:
        """The views that an epoch keeps; all that there are, where a teacher looked at them."""
        fixed = self.context.plan.fixed_views
        return tuple(range(fixed)) if fixed else newest_views(self.now.phase, self.views, self.now.first_epoch, epoch)

    def views_of(self, rows: np.ndarray, epoch: int) -> np.ndarray:
        """Which view of each photo an epoch learns from; int64 [rows]. A photo goes through them in turn."""
        fixed = self.context.plan.fixed_views
        chosen = range(fixed) if fixed else views_at(self.now.phase, self.views, self.now.first_epoch, epoch)
        pool = np.array(chosen)
        turn = (uniform(self.context.plan.seed, self.now.first_epoch, rows, 1)[:, 0] * len(pool)).astype(int)
        return pool[(turn + epoch) % len(pool)]


@dataclass(frozen=True, eq=False)
class Parts:
    """A network cut in two, and who keeps what crosses.

    prefix: normalised photos -> what crosses, with batch norms folded. suffix: what crosses -> features.
    """

    prefix: Callable[[Tensor], Activations]
    suffix: nn.Module
    bytes_per_photo: int
    keeper: ActivationCache

    def look(self, context: TrainingContext, images: Tensor) -> Activations:
        with torch.no_grad(), context.compute_config.inference_autocast():
            return self.prefix(images)

    def go_on(self, context: TrainingContext, kept: Activations) -> Tensor:
        return self.suffix(*map(context.compute_config.to_step_precision, kept))


def build_pipeline(
    context: TrainingContext, model: TrainedModel, now: PhasePosition, views: int | None, before: FeaturePipeline | None
) -> Generator[Event, None, FeaturePipeline]:
    """The path of a phase. What lies before the first learning stage is computed once per photo and kept, where photos
    stay the same (validation photos always do); of photos that change, a number of views.

    views: how many, if that was decided before. before: a path that serves this phase, too.
    """
    plan, phase = context.plan, now.phase
    if phase.first_trainable_stage == 0:
        return FeaturePipeline(model, context, now, views=phase.epochs)
    if before:
        parts, same = before.parts, before.same
    else:
        parts = yield from _cut_in_parts(context, model, phase)
        same = (yield from _look_at_all(context, model, parts)) if parts else None
        if same and same.folder:
            record_cached_stage(
                context.home, plan, phase.first_trainable_stage, context.compute_config.device, same.folder
            )
    if views is None:
        views = num_views(plan, phase) if parts and _room_for_views(context, parts) else phase.epochs
    return FeaturePipeline(model, context, now, parts, views, same)


def _room_for_views(context: TrainingContext, parts: Parts) -> bool:
    wanted = POOL * len(context.training) * parts.bytes_per_photo
    return fits(context.home, wanted) or wanted <= memory_budget(context.compute_config.device)


def _look_at_all(
    context: TrainingContext, model: TrainedModel, parts: Parts
) -> Generator[Prepared, None, CachedActivations | None]:
    """What the frozen part says about photos as they are: those that judge, and those that teach if they stay so."""
    judged = np.union1d(context.validation, context.clean)
    rows = np.union1d(judged, context.training) if context.plan.augmentation.off else judged

    def compute(batch: np.ndarray) -> Activations:
        return parts.look(context, unchanged(context, model, batch))

    model.eval()
    return parts.keeper.keep(compute, rows, {}, parts.bytes_per_photo, Prepared("cache", 0, 0))


def _cut_in_parts(context: TrainingContext, model: TrainedModel, phase: Phase) -> Generator[Warned, None, Parts | None]:
    """The network cut before the phase's first learning stage; None where it cannot be cut at all."""
    found = cut(model.backbone, phase.first_trainable_stage, context.plan.image_size)
    if found.stage < phase.first_trainable_stage:
        yield Warned(_cut_earlier(model, phase.first_trainable_stage, found.stage))
    if found.stage == 0:
        return None
    facts = {
        "network": model.backbone.__class__.__name__,
        "graph": digest(getattr(found.prefix, "code", "")),
        "weights": digest_of_tensors(found.prefix.state_dict().items()),
        "stage": found.stage,
        "image_size": context.plan.image_size,
        "side": context.store.side,
        "pixels": PIXELS_VERSION,
        "mean": context.card.mean,
        "std": context.card.std,
        "precision": context.compute_config.inference_dtype or context.compute_config.precision,
        "channels_last": context.compute_config.channels_last,
        "threads": context.compute_config.threads,
        "device": context.compute_config.device.type,
        "versions": (torch.__version__, timm.__version__),
    }
    keeper = ActivationCache(context.home, context.compute_config.device, facts, context.contents)
    return Parts(FusedPrefix(found.prefix), found.suffix, found.bytes_per_image, keeper)


def _cut_earlier(model: TrainedModel, wanted: int, found: int) -> str:
    first = model.stages[wanted].name
    if found == 0:
        return f"This network cannot be cut before {first}, so its frozen part is computed anew in every epoch."
    return f"This network cannot be cut before {first}: what comes before {model.stages[found].name} is computed once."


def gather_views(kept: Mapping[int, CachedActivations], rows: np.ndarray, views: np.ndarray) -> Activations:
    """What crosses for each row, in its own view; each [rows, ...]."""
    which = np.unique(views)
    if len(which) == 1:
        return kept[int(which[0])].at(rows)
    order = np.argsort(views, kind="stable")
    parts = [kept[int(view)].at(rows[views == view]) for view in which]
    back = torch.from_numpy(np.argsort(order)).to(parts[0][0].device)
    return tuple(torch.cat(values).index_select(0, back) for values in zip(*parts, strict=True))


def changed(context: TrainingContext, model: TrainedModel, rows: np.ndarray, views: np.ndarray) -> Tensor:
    """Photos as training sees them in those views, normalised."""
    drawn = _drawn(context, rows, views)
    images = model.normalised(
        augment(_on_device(context, rows), context.plan.augmentation, drawn, context.plan.image_size)
    )
    return context.compute_config.lay_out(apply_erasing(images, drawn))


def view_pixels(context: TrainingContext, rows: np.ndarray, views: np.ndarray) -> Tensor:
    """The same in pixels, float [rows, 3, size, size] from 0 to 255, nothing erased: what a teacher is shown."""
    if context.plan.augmentation.off:
        return centre(_on_device(context, rows), context.plan.image_size).float()
    drawn = _drawn(context, rows, views)
    return augment(_on_device(context, rows), context.plan.augmentation, drawn, context.plan.image_size)


def _drawn(context: TrainingContext, rows: np.ndarray, views: np.ndarray) -> AugmentationParameters:
    plan = context.plan
    return sample_parameters(plan.augmentation, plan.seed, views, rows, plan.image_size / context.store.side)


def unchanged(context: TrainingContext, model: TrainedModel, rows: np.ndarray) -> Tensor:
    """Photos as evaluation and prediction see them: the middle, normalised."""
    pixels = centre(_on_device(context, rows), context.plan.image_size)
    return context.compute_config.lay_out(model.normalised(pixels))


def _on_device(context: TrainingContext, rows: np.ndarray) -> Tensor:
    pixels, device = context.store.read(rows), context.compute_config.device
    if device.type == "cuda" and not pixels.is_cuda:
        return pixels.pin_memory().to(device, non_blocking=True)
    return pixels.to(device)
