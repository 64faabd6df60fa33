"""A teacher: another network, whose answers and features the student learns to give, too.

It looks at the very views of a photo from which the student learns, enlarged to the size at which it sees best: Beyer
et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022, found nothing that matters more.
Their views are new in each epoch; here each photo has a few fixed ones, so that the teacher, which is the larger
network, looks at each of them once.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.activations import ActivationCache, CachedActivations, Values, digest_of_tensors, gathered, pixels_seen
from core.backbones import BackboneCard
from core.datasets import VERSION as PIXELS_VERSION
from core.datasets import Task
from core.job import Prepared, TrainingContext
from core.models import init_linear
from core.objectives import DistillationTargets
from core.plans import Plan


@dataclass(frozen=True, eq=False)
class TeacherModel:
    """network: all of it; nothing of it learns. card: of its backbone. image_size: of the photos it sees, in pixels.

    tells: what it tells apart. look: normalised photos -> features [images, channels], and answers [images, classes]
    for each of `tells`.
    """

    network: nn.Module
    card: BackboneCard
    image_size: int
    features: int
    tells: tuple[Task, ...]
    look: Callable[[Tensor], Values]

    @property
    def numbers(self) -> int:
        """How many it says about a photo."""
        return self.features + sum(len(task.classes) for task in self.tells)


@dataclass(frozen=True, eq=False)
class CachedTeacher:
    """A model that is asked about the training photos of a run. model: on the training device.

    kept: by view, what it said about the training photos; where a view is missing, there was no room for it.
    """

    model: TeacherModel
    context: TrainingContext
    kept: Mapping[int, CachedActivations] = field(default_factory=dict)

    def says(self, rows: np.ndarray, views: np.ndarray) -> Values:
        """Features and answers, as `TeacherModel.look` gives them, about training photos, each in its own view."""
        if self.kept.keys() >= set(views.tolist()):
            return gathered(self.kept, rows, views)
        return self.look(rows, views)

    @torch.no_grad()
    def look(self, rows: np.ndarray, views: np.ndarray) -> Values:
        """The same, by looking now; in 16 bits, which hold all that is worth learning."""
        pixels, model = pixels_seen(self.context, rows, views), self.model
        side = (model.image_size, model.image_size)
        pixels = functional.interpolate(pixels, side, mode="bicubic", antialias=True).clamp_(0, 255)
        mean, std = (
            255 * torch.tensor(each, device=pixels.device).view(1, 3, 1, 1)
            for each in (model.card.mean, model.card.std)
        )
        with self.context.compute_config.inference_autocast():
            found = model.look(self.context.compute_config.lay_out((pixels - mean) / std))
        return tuple(each.half() for each in found)


class ProjectionHeads(nn.Module):
    """From the student's features to what its teacher says: linear layers, thrown away when it has learned.

    features: to [batch, channels of the teacher]. answers: to [batch, classes], one for each thing that the teacher
    tells apart and the student does not. Where both tell the same apart, the student's own head is compared.
    """

    def __init__(self, features: int, teacher: CachedTeacher, seed: int) -> None:
        super().__init__()
        self.teacher = teacher
        self.shared = [_shared(task, teacher.context.tasks) for task in teacher.model.tells]
        self.features = nn.Linear(features, teacher.model.features)
        self.answers = nn.ModuleList(
            nn.Linear(features, len(task.classes))
            for task, shared in zip(teacher.model.tells, self.shared, strict=True)
            if shared is None
        )
        init_linear(self, seed)

    def ask_about_all(self) -> Generator[Prepared, None, None]:
        """Ask the teacher once about all views of all training photos, before there is anything to learn."""
        self.teacher = yield from _asked_about_all(self.teacher)

    def lesson(
        self, rows: np.ndarray, views: np.ndarray, features: Tensor, logits: Mapping[str, Tensor]
    ) -> DistillationTargets:
        """features, logits: the student's, [rows, channels] and by task [rows, classes], of photos in those views."""
        taught, *answers = self.teacher.says(rows, views)
        projection_heads = iter(self.answers)
        own = tuple(logits[shared.task] if shared else next(projection_heads)(features) for shared in self.shared)
        theirs = tuple(
            said[:, shared.columns] if shared else said for said, shared in zip(answers, self.shared, strict=True)
        )
        return DistillationTargets(theirs, taught, own, self.features(features))


@dataclass(frozen=True)
class Shared:
    """A task of the student that its teacher knows. columns: where its classes are among the teacher's answers."""

    task: str
    columns: list[int]


def _shared(told: Task, tasks: Sequence[Task]) -> Shared | None:
    """Which of a student's tasks the teacher tells apart, too: of the same name, with all of its classes."""
    for task in tasks:
        if task.name == told.name and set(task.classes) <= set(told.classes):
            return Shared(task.name, [told.classes.index(name) for name in task.classes])
    return None


def _asked_about_all(teacher: CachedTeacher) -> Generator[Prepared, None, CachedTeacher]:
    """The teacher with all that it says about the training photos kept, as far as there is room."""
    context, plan = teacher.context, teacher.context.plan
    keeper = ActivationCache(context.home, context.compute_config.device, _facts(teacher), context.contents)
    bytes_per_photo = 2 * teacher.model.numbers
    kept: dict[int, CachedActivations] = {}
    views = plan.fixed_views or 0
    for view in range(views):

        def compute(rows: np.ndarray, view: int = view) -> Values:
            return teacher.look(rows, np.full(len(rows), view))

        seen = _view_facts(plan, view)
        begun = Prepared("teacher", 0, 0, view + 1, views)
        found = yield from keeper.keep(compute, context.training, seen, bytes_per_photo, begun)
        if found is None:
            break
        kept[view] = found
    return replace(teacher, kept=kept)


def _view_facts(plan: Plan, view: int) -> dict[str, object]:
    if plan.augmentation.off:
        return {}
    unseen = {"erase", "mixup", "cutmix", "cached_views"}  # what is done to the student's photos alone
    changes = plan.augmentation.model_dump(exclude=unseen)
    return {**changes, "seed": plan.seed, "view": view}


def _facts(teacher: CachedTeacher) -> dict[str, object]:
    context, model = teacher.context, teacher.model
    return {
        "teacher": model.card.architecture,
        "weights": digest_of_tensors(model.network.state_dict().items()),
        "image_size": model.image_size,
        "says": "features, then answers",
        "seen_at": context.plan.image_size,
        "side": context.store.side,
        "pixels": PIXELS_VERSION,
        "mean": model.card.mean,
        "std": model.card.std,
        "precision": context.compute_config.inference_dtype or context.compute_config.precision,
        "device": context.compute_config.device.type,
        "versions": (torch.__version__, timm.__version__),
    }
