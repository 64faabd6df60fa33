"""What each starter is and how it is trained, as plans of Graft's own engine."""

from dataclasses import dataclass, replace

from core.backbones import describe_stages, get_card
from core.datasets import Dataset
from core.objectives import CrossEntropy, FeatureDistillation, LogitDistillation, Objective
from core.plans import Augmentation, BackboneChoice, DatasetChoice, Optimizer, Phase, Plan, Teacher

SEED = 0
SMOOTHING = 0.1


@dataclass(frozen=True)
class Supervision:
    """The training targets, as objectives and in words."""

    words: str
    objectives: tuple[Objective, ...]


_LABELS = CrossEntropy(label_smoothing=SMOOTHING)
_ANSWERS = LogitDistillation(temperature=2.0)
_FEATURES = FeatureDistillation(weight=2.0)
SUPERVISIONS: dict[str, Supervision] = {
    "labels": Supervision("the labels alone", (_LABELS,)),
    "answers": Supervision("a teacher's answers beside the labels", (_LABELS, _ANSWERS)),
    "features": Supervision("a teacher's features beside the labels", (_LABELS, _FEATURES)),
    "both": Supervision("a teacher's answers and features beside the labels", (_LABELS, _ANSWERS, _FEATURES)),
}


@dataclass(frozen=True)
class Stretch:
    """A run from beginning to end: random weights or those of the stretch before, one cosine down to nothing.

    image_size: of the 64-pixel photos, enlarged where it is more. rate: of all stages and the head at its height.
    way: what there is to learn from, of WAYS.
    """

    image_size: int
    epochs: int
    rate: float
    warmup_epochs: float
    augmentation: Augmentation
    way: str = "both"


@dataclass(frozen=True)
class Recipe:
    """key: what the command line calls it. name: of the card and its files. architecture: timm's, built unchanged.

    blend: how far on the way from the weights of the stretch before to those of the last one the starter lies.
    """

    key: str
    name: str
    title: str
    sentence: str
    architecture: str
    family: str
    batch_size: int
    optimizer: Optimizer
    stretches: tuple[Stretch, ...]
    blend: float = 1.0

    def with_epochs(self, epochs: int) -> "Recipe":
        """Copy with another number of epochs in the first stretch."""
        first, *rest = self.stretches
        return replace(self, stretches=(replace(first, epochs=epochs), *rest))

    def with_supervision(self, way: str) -> "Recipe":
        """Copy with one supervision in all stretches."""
        return replace(self, stretches=tuple(replace(stretch, way=way) for stretch in self.stretches))


# A small network that sees 100,000 photos a few dozen times does not learn them by heart: mild changes serve it best.
MILD = Augmentation(flip=True, crop=0.35, colour=0.2)
# The larger one does; a third of its batches are cut and pasted.
STRONG = Augmentation(flip=True, crop=0.3, colour=0.3, cutmix=0.3)
# Mild otherwise, so that a teacher's cached views, which have no cutmix, serve all starters.
CUT = MILD.model_copy(update={"cutmix": 0.3})

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        key="small",
        name="graft-mobilenetv4-050",
        title="Graft small",
        sentence="Small and fast, for weak laptops. Comes with Graft, so it works at once and without a network.",
        architecture="mobilenetv4_conv_small_050",
        family="MobileNet",
        batch_size=128,
        optimizer=Optimizer(kind="adamw", weight_decay=0.05, ema_decay=0.999),
        stretches=(Stretch(64, 30, 2e-3, 0.5, MILD),),
    ),
    Recipe(
        key="hybrid",
        name="graft-efficientvit-b0",
        title="Graft transformer",
        sentence="Sees near things by convolution, far ones by attention. Comes with Graft, so it works at once and "
        "without a network.",
        architecture="efficientvit_b0",
        family="EfficientViT",
        batch_size=128,
        optimizer=Optimizer(kind="adamw", weight_decay=0.05, clip_norm=2.0, ema_decay=0.999),
        stretches=(Stretch(64, 30, 2e-3, 2.0, MILD),),
    ),
    Recipe(
        key="cnn",
        name="graft-resnet10t",
        title="Graft CNN",
        sentence="Four clear stages: the one to learn with. Comes with Graft, so it works at once and without a "
        "network.",
        architecture="resnet10t",
        family="ResNet",
        batch_size=256,
        optimizer=Optimizer(kind="sgd", weight_decay=2e-4, ema_decay=0.999),
        stretches=(Stretch(64, 24, 0.4, 2.0, STRONG, way="labels"), Stretch(64, 8, 0.1, 0.5, CUT)),
        blend=0.85,
    ),
)


def recipe_by_key(key: str) -> Recipe:
    """Raises KeyError for one that there is not."""
    return {each.key: each for each in RECIPES}[key]


def plan_of(recipe: Recipe, stretch: Stretch, dataset: Dataset, teacher: Teacher) -> Plan:
    """All stages learn at one rate, from random weights. teacher: of the stretches that have one."""
    stages = len(describe_stages(get_card(recipe.architecture)))
    return Plan(
        datasets=(DatasetChoice(id=dataset.id, version=dataset.version),),
        tasks=(dataset.tasks[0].name,),
        backbone=BackboneChoice(name=recipe.architecture, weights="random"),
        phases=(
            Phase(
                name=f"{stretch.image_size} pixels",
                epochs=stretch.epochs,
                stage_rates=(stretch.rate,) * stages,
                head_rate=stretch.rate,
                schedule="cosine",
                warmup_epochs=stretch.warmup_epochs,
            ),
        ),
        objectives=SUPERVISIONS[stretch.way].objectives,
        teacher=teacher if stretch.way != "labels" else None,
        augmentation=stretch.augmentation,
        optimizer=recipe.optimizer,
        batch_size=recipe.batch_size,
        image_size=stretch.image_size,
        seed=SEED,
    )


def supervision_of(plan: Plan) -> str:
    """Of WAYS, the one by which a plan of `plan_of` learns."""
    return next(key for key, way in SUPERVISIONS.items() if way.objectives == plan.objectives)
