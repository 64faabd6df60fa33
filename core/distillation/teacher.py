"""A teacher: another network, whose logits and features the student learns to give, too.

It is shown the very views of a photo from which the student learns, enlarged to the size at which it is most accurate:
Beyer et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022, found nothing that matters
more. Their views are new in each epoch; here each photo has a few fixed ones, so that the teacher, which is the larger
network, computes each of them once.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.activations import (
    ActivationCache,
    Activations,
    CachedActivations,
    digest_of_tensors,
    forward_facts,
    gather_views,
    view_pixels,
)
from core.backbones import BackboneCard, Normalize
from core.job import Prepared, TrainingContext
from core.models import init_linear
from core.objectives import DistillationTargets
from core.plans import Plan
from core.tasks import Task, label_kind


@dataclass(frozen=True, eq=False)
class TeacherModel:
    """A network in eval mode, without gradients. card: of its backbone. image_size: of its photos, in pixels.

    tasks: which it was trained for. forward: normalised photos -> features [images, feature_count], then logits
    [images, classes] for each of `tasks`.
    """

    network: nn.Module
    card: BackboneCard
    image_size: int
    feature_count: int
    tasks: tuple[Task, ...]
    forward: Callable[[Tensor], Activations]

    @property
    def output_count(self) -> int:
        """How many numbers `forward` gives for a photo."""
        return self.feature_count + sum(label_kind(task).head_width(task) for task in self.tasks)


@dataclass(frozen=True, eq=False)
class CachedTeacher:
    """A teacher's outputs for the training photos of a run. model: on the training device.

    cached: by view, its outputs for all training photos; a view for which there was no room is missing.
    """

    model: TeacherModel
    context: TrainingContext
    cached: Mapping[int, CachedActivations] = field(default_factory=dict)

    def outputs(self, rows: np.ndarray, views: np.ndarray) -> Activations:
        """Features and logits, as `TeacherModel.forward` gives them, of training photos, each in its own view.

        rows, views: int64 [images].
        """
        if self.cached.keys() >= set(views.tolist()):
            return gather_views(self.cached, rows, views)
        return self.compute_outputs(rows, views)

    @torch.no_grad()
    def compute_outputs(self, rows: np.ndarray, views: np.ndarray) -> Activations:
        """`outputs` by a forward pass, in 16 bits, which hold all that is worth learning."""
        pixels, model = view_pixels(self.context, rows, views), self.model
        side = (model.image_size, model.image_size)
        pixels = functional.interpolate(pixels, side, mode="bicubic", antialias=True).clamp_(0, 255)
        normalize = Normalize(model.card).to(pixels.device)
        with self.context.compute_config.inference_autocast():
            outputs = model.forward(self.context.compute_config.lay_out(normalize(pixels)))
        return tuple(each.half() for each in outputs)


class ProjectionHeads(nn.Module):
    """Linear layers from the student's features to its teacher's outputs, thrown away after training.

    features: to [batch, channels of the teacher]. answers: to logits [batch, classes], one for each task of the teacher
    that the student has not. For a task of both, the student's own head is compared.
    """

    def __init__(self, feature_count: int, teacher: CachedTeacher, seed: int) -> None:
        super().__init__()
        self.teacher = teacher
        self.shared = [_shared_task(task, teacher.context.tasks) for task in teacher.model.tasks]
        self.features = nn.Linear(feature_count, teacher.model.feature_count)
        self.answers = nn.ModuleList(
            nn.Linear(feature_count, label_kind(task).head_width(task))
            for task, shared in zip(teacher.model.tasks, self.shared, strict=True)
            if shared is None
        )
        init_linear(self, seed)

    def cache_teacher(self) -> Generator[Prepared, None, None]:
        """Compute the teacher's outputs for all views of all training photos, once, before the first step."""
        self.teacher = yield from _with_cache(self.teacher)

    def targets(
        self, rows: np.ndarray, views: np.ndarray, features: Tensor, logits: Mapping[str, Tensor]
    ) -> DistillationTargets:
        """What distillation compares for training photos in those views.

        rows, views: int64 [images]. features, logits: the student's, [images, channels] and by task [images, classes].
        """
        teacher_features, *teacher_logits = self.teacher.outputs(rows, views)
        projections = iter(self.answers)
        student = tuple(logits[shared.task] if shared else next(projections)(features) for shared in self.shared)
        teacher = tuple(
            each[:, shared.columns] if shared else each
            for each, shared in zip(teacher_logits, self.shared, strict=True)
        )
        return DistillationTargets(teacher, teacher_features, student, self.features(features))


@dataclass(frozen=True)
class SharedTask:
    """A task of the student that its teacher has, too. columns: of its classes among the teacher's logits."""

    task: str
    columns: list[int]


def _shared_task(of_teacher: Task, tasks: Sequence[Task]) -> SharedTask | None:
    """The student's task of the teacher's name, if the teacher has all of its classes."""
    for task in tasks:
        if task.name == of_teacher.name and set(task.classes) <= set(of_teacher.classes):
            return SharedTask(task.name, [of_teacher.classes.index(name) for name in task.classes])
    return None


def _with_cache(teacher: CachedTeacher) -> Generator[Prepared, None, CachedTeacher]:
    """The teacher with its outputs for the training photos cached, as far as there is room."""
    context, plan = teacher.context, teacher.context.plan
    cache = ActivationCache(context.home, context.compute_config.device, _cache_facts(teacher), context.source.contents)
    bytes_per_photo = 2 * teacher.model.output_count
    cached: dict[int, CachedActivations] = {}
    views = plan.fixed_views or 0
    for view in range(views):

        def compute(rows: np.ndarray, view: int = view) -> Activations:
            return teacher.compute_outputs(rows, np.full(len(rows), view))

        begun = Prepared("teacher", 0, 0, view + 1, views)
        found = yield from cache.load_or_compute(
            compute, context.source.training, _view_facts(plan, view), bytes_per_photo, begun
        )
        if found is None:
            break
        cached[view] = found
    return replace(teacher, cached=cached)


def _view_facts(plan: Plan, view: int) -> dict[str, object]:
    if plan.augmentation.off:
        return {}
    students_only = {"erase", "mixup", "cutmix", "cached_views"}  # the teacher's photos are spared these
    augmentation = plan.augmentation.model_dump(exclude=students_only)
    return {**augmentation, "seed": plan.seed, "view": view}


def _cache_facts(teacher: CachedTeacher) -> dict[str, object]:
    context, model = teacher.context, teacher.model
    return {
        "teacher": model.card.architecture,
        "weights": digest_of_tensors(model.network.state_dict().items()),
        "image_size": model.image_size,
        "outputs": "features, then logits",
        "student_image_size": context.plan.image_size,
        **forward_facts(context, model.card),
    }
