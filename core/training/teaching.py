"""A teacher: another network, whose answers and features the student learns to give, too.

It looks at the very views of a photo from which the student learns, enlarged to the size at which it sees best: Beyer
et al., "Knowledge distillation: A good teacher is patient and consistent", CVPR 2022, found nothing that matters more.
Their views are new in each epoch; here each photo has a few fixed ones, so that the teacher, which is the larger
network, looks at each of them once.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.backbones import BackboneCard, build_whole, card, feature_count
from core.objectives import Lesson
from core.plans.plan import Plan
from core.training.activation_files import Values
from core.training.events import Prepared
from core.training.kept_activations import Keeper, KeptActivations, digest_of_tensors
from core.training.model import init_linear
from core.training.photo_path import gathered, pixels_seen
from core.training.workbench import Workbench

LOOKING = "Asking the teacher about every photo, view {view} of {views}"


@dataclass(frozen=True, eq=False)
class Teacher:
    """network: with its classifier, on the training device. image_size: the side of the photos it is shown, in pixels.

    kept: by view, what it said about the training photos; where a view is missing, there was no room for it.
    """

    network: nn.Module
    card: BackboneCard
    image_size: int
    bench: Workbench
    kept: Mapping[int, KeptActivations] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        return int(self.network.num_classes)  # type: ignore[arg-type]

    def says(self, rows: np.ndarray, views: np.ndarray) -> Values:
        """Answers [rows, classes] and features [rows, channels] about training photos, each in its own view."""
        if self.kept.keys() >= set(views.tolist()):
            answers, features = gathered(self.kept, rows, views)
            return answers, features
        return self.look(rows, views)

    @torch.no_grad()
    def look(self, rows: np.ndarray, views: np.ndarray) -> Values:
        """The same, by looking now; in 16 bits, which hold all that is worth learning."""
        pixels, arithmetic = pixels_seen(self.bench, rows, views), self.bench.arithmetic
        side = (self.image_size, self.image_size)
        pixels = functional.interpolate(pixels, side, mode="bicubic", antialias=True).clamp_(0, 255)
        mean, std = (255 * torch.tensor(each, device=pixels.device).view(1, 3, 1, 1) for each in _norms(self.card))
        with arithmetic.autocast_to_look():
            seen = self.network.forward_features(arithmetic.lay_out((pixels - mean) / std))  # type: ignore[operator]
            answers = self.network.forward_head(seen)  # type: ignore[operator]
            features = self.network.forward_head(seen, pre_logits=True)  # type: ignore[operator]
        return answers.half(), features.half()


def _norms(of: BackboneCard) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    return of.mean, of.std


class Guides(nn.Module):
    """From the student's features to what its teacher says: two linear layers, thrown away when it has learned.

    answers: to [batch, classes of the teacher]. features: to [batch, channels of the teacher].
    """

    def __init__(self, features: int, teacher: Teacher, seed: int) -> None:
        super().__init__()
        self.teacher = teacher
        self.answers = nn.Linear(features, teacher.classes)
        self.features = nn.Linear(features, feature_count(teacher.network))
        init_linear(self, seed)

    def ask_about_all(self) -> Generator[Prepared, None, None]:
        """Ask the teacher once about all views of all training photos, before there is anything to learn."""
        self.teacher = yield from _asked_about_all(self.teacher)

    def lesson(self, rows: np.ndarray, views: np.ndarray, features: Tensor) -> Lesson:
        """features: the student's, [rows, channels], of training photos in those views."""
        answers, taught = self.teacher.says(rows, views)
        return Lesson(answers, taught, self.answers(features), self.features(features))


def guides_for(bench: Workbench, features: int) -> Guides | None:
    """With the plan's teacher, if it names one. features: of the student. Raises what `core.backbones.build` does."""
    chosen = bench.plan.teacher
    if chosen is None:
        return None
    network = build_whole(bench.home, chosen.backbone, chosen.image_size).eval().requires_grad_(False)
    teacher = Teacher(bench.arithmetic.move(network), card(chosen.backbone.name), chosen.image_size, bench)
    return Guides(features, teacher, bench.plan.seed).to(bench.arithmetic.device)


def _asked_about_all(teacher: Teacher) -> Generator[Prepared, None, Teacher]:
    """The teacher with all that it says about the training photos kept, as far as there is room."""
    bench, plan = teacher.bench, teacher.bench.plan
    keeper = Keeper(bench.home, bench.arithmetic.device, _facts(teacher), bench.contents)
    bytes_per_photo = 2 * (teacher.classes + feature_count(teacher.network))
    kept: dict[int, KeptActivations] = {}
    views = plan.fixed_views or 0
    for view in range(views):

        def compute(rows: np.ndarray, view: int = view) -> Values:
            return teacher.look(rows, np.full(len(rows), view))

        seen = _view_facts(plan, view)
        doing = LOOKING.format(view=view + 1, views=views)
        found = yield from keeper.keep(compute, bench.training, seen, bytes_per_photo, doing)
        if found is None:
            break
        kept[view] = found
    return replace(teacher, kept=kept)


def _view_facts(plan: Plan, view: int) -> dict[str, object]:
    if plan.augmentation.off:
        return {}
    unseen = {"erase", "mixup", "cutmix", "kept_views"}  # what is done to the student's photos alone
    changes = plan.augmentation.model_dump(exclude=unseen)
    return {**changes, "seed": plan.seed, "view": view}


def _facts(teacher: Teacher) -> dict[str, object]:
    bench = teacher.bench
    return {
        "teacher": teacher.card.architecture,
        "weights": digest_of_tensors(teacher.network.state_dict().items()),
        "image_size": teacher.image_size,
        "seen_at": bench.plan.image_size,
        "side": bench.store.side,
        "mean": teacher.card.mean,
        "std": teacher.card.std,
        "precision": bench.arithmetic.looks_in or bench.arithmetic.precision,
        "device": bench.arithmetic.device.type,
        "versions": (torch.__version__, timm.__version__),
    }
