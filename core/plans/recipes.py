"""The recipes: ways of transfer that fill a plan in, so that nobody has to begin with an empty one.

A technique is phases and objectives, never a loop of its own; so a recipe is a function from stages to phases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import BadPlan
from core.plans.head_kinds import HEAD_ALONE_EPOCHS
from core.plans.plan import (
    NO_AUGMENTATION,
    Augmentation,
    BackboneChoice,
    DatasetChoice,
    EarlyStopping,
    Optimizer,
    Phase,
    Plan,
)

if TYPE_CHECKING:  # the rooms below load torch; a plan is read and edited without it
    from core.backbones import BackboneCard, Stage
    from core.datasets import Dataset

HEAD_RATE = 1e-3
STAGE_RATE = 1e-4  # a tenth of the head's: pretrained weights should bend, not break
SCRATCH_RATE = 1e-3
# Each stage towards the stem has a lower rate than the one after it: early stages see edges and colours, which serve
# any photo (Howard and Ruder, "Universal Language Model Fine-tuning", ACL 2018, section 3.2, with a gentler factor).
DECAY_TOWARDS_STEM = 0.6
SMALLEST_BATCH, USUAL_BATCH = 4, 32


@dataclass(frozen=True)
class Recipe:
    """A named way of transfer. id: on the command line. phases: from the number of backbone stages."""

    id: str
    title: str
    sentence: str
    phases: Callable[[int], tuple[Phase, ...]]
    augmentation: Augmentation = field(default_factory=Augmentation)
    weights: str = "pretrained"


def rates_towards_stem(stages: int, top: float = STAGE_RATE) -> tuple[float, ...]:
    """`top` for the last stage, less for each one before it."""
    return tuple(_round(top * DECAY_TOWARDS_STEM ** (stages - 1 - i)) for i in range(stages))


def _round(rate: float) -> float:
    return float(f"{rate:.2g}")


def _frozen(stages: int) -> tuple[float, ...]:
    return (0.0,) * stages


def head_alone(name: str, stages: int) -> Phase:
    """Until the head has converged: on cached activations its epochs cost next to nothing."""
    rates = _frozen(stages)
    return Phase(name=name, epochs=HEAD_ALONE_EPOCHS, stage_rates=rates, head_rate=3 * HEAD_RATE, solver="lbfgs")


def _head_only(stages: int) -> tuple[Phase, ...]:
    return (head_alone("head", stages),)


def _top(stages: int) -> tuple[Phase, ...]:
    rates = (*_frozen(stages - 1), STAGE_RATE)
    return (Phase(name="top", epochs=10, stage_rates=rates, head_rate=HEAD_RATE, warmup_epochs=0.5),)


def _head_first(stages: int) -> tuple[Phase, ...]:
    """What a head that has not converged sends back throws the pretrained features about: its gradients are large, and
    in the wrong direction (Kumar et al., "Fine-Tuning can Distort Pretrained Features", ICLR 2022, section 3).
    """
    return (
        head_alone("head first", stages),
        Phase(
            name="then all",
            epochs=7,
            stage_rates=rates_towards_stem(stages),
            head_rate=STAGE_RATE * 3,
            warmup_epochs=1,
        ),
    )


def _gradual(stages: int) -> tuple[Phase, ...]:
    """Head alone, then one stage more in each phase (Howard and Ruder 2018, section 3.3)."""
    all_rates = rates_towards_stem(stages)
    phases = [head_alone("head", stages)]
    for first in range(stages - 1, -1, -1):
        last = first == 0
        phases.append(
            Phase(
                name=f"from stage {first}" if first else "from the stem",
                epochs=3 if last else 2,
                stage_rates=_frozen(first) + all_rates[first:],
                head_rate=STAGE_RATE * 3,
                schedule="cosine" if last else "constant",
                warmup_epochs=0.25,
            )
        )
    return tuple(phases)


def _scratch(stages: int) -> tuple[Phase, ...]:
    rates = (SCRATCH_RATE,) * stages
    return (Phase(name="from scratch", epochs=30, stage_rates=rates, head_rate=SCRATCH_RATE, warmup_epochs=2),)


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "feature-extraction",
        "Head only",
        "The network stays as it is; only the new head learns. Quickest, and hard to overfit with few photos.",
        _head_only,
        NO_AUGMENTATION,  # then each photo goes through the network once, whatever the number of epochs
    ),
    Recipe(
        "top",
        "Top of the network",
        "The last stage and the head learn; everything before stays as it is. Good with some hundred photos.",
        _top,
    ),
    Recipe(
        "head-first",
        "Head first, then all",
        "First the head alone, then everything slowly: the head's first wild steps spoil nothing below it.",
        _head_first,
    ),
    Recipe(
        "gradual",
        "Step by step",
        "One stage more is freed every few epochs, from the head down to the stem.",
        _gradual,
    ),
    Recipe(
        "scratch",
        "From scratch",
        "Nothing is transferred: random weights learn from your photos alone. To see what transfer is worth.",
        _scratch,
        weights="random",
    ),
)


def recipe(recipe_id: str) -> Recipe:
    """Raises KeyError for an unknown id."""
    return {r.id: r for r in RECIPES}[recipe_id]


def make_plan(
    dataset: Dataset,
    card: BackboneCard,
    stages: Sequence[Stage],
    recipe_id: str = "feature-extraction",
    image_size: int | None = None,
) -> Plan:
    """A plan that can be started as it is. image_size: in pixels, the backbone's own when not given.

    Raises BadPlan for photos without labels.
    """
    if not dataset.tasks:
        raise BadPlan(
            f'The photos of "{dataset.name}" have no labels, so nothing can be learned from them alone.',
            "Choose labelled photos, and these as the place to adapt to.",
        )
    chosen = recipe(recipe_id)
    training_images = len(dataset.indices("train"))
    return Plan(
        datasets=(DatasetChoice(id=dataset.id, version=dataset.version),),
        tasks=(dataset.tasks[0].name,),
        backbone=BackboneChoice(name=card.name, weights=chosen.weights),  # type: ignore[arg-type]
        phases=chosen.phases(len(stages)),
        augmentation=chosen.augmentation,
        optimizer=Optimizer(weight_decay=usual_weight_decay(chosen.weights)),
        early_stopping=_early_stopping(chosen.weights),
        # At least a few steps in each epoch, however few photos there are.
        batch_size=max(SMALLEST_BATCH, min(USUAL_BATCH, 2 ** max(0, (training_images // 4).bit_length() - 1))),
        image_size=image_size or card.input_size,
    )


def with_recipe(plan: Plan, recipe_id: str, stages: int) -> Plan:
    """The plan with the phases, augmentation and weights of another recipe, a linear head, and the regularisation for
    those weights where it was not set by hand; all else stays.
    """
    chosen = recipe(recipe_id)
    weights = plan.backbone.weights if chosen.weights == "pretrained" and plan.backbone.file else chosen.weights
    file = plan.backbone.file if weights == "file" else None
    backbone = BackboneChoice(name=plan.backbone.name, weights=weights, file=file)  # type: ignore[arg-type]
    changes: dict[str, Any] = {
        "phases": chosen.phases(stages),
        "augmentation": chosen.augmentation,
        "backbone": backbone,
        "head": plan.head.model_copy(update={"kind": "linear"}),
    }
    previous = plan.backbone.weights
    if plan.optimizer.weight_decay == usual_weight_decay(previous):
        changes["optimizer"] = plan.optimizer.model_copy(update={"weight_decay": usual_weight_decay(weights)})
    if plan.early_stopping == _early_stopping(previous):
        changes["early_stopping"] = _early_stopping(weights)
    return plan.model_copy(update=changes)


def usual_weight_decay(weights: str) -> float:
    """Of a network with such weights: "pretrained", "random" or "file"."""
    return 0.05 if weights == "random" else 0.01


def _early_stopping(weights: str) -> EarlyStopping | None:
    """On for random weights, which take many epochs, and nobody knows how many."""
    return EarlyStopping(patience=8) if weights == "random" else None


def recipe_of(plan: Plan) -> str | None:
    """The recipe whose pattern of frozen and learning stages this plan follows, or None when it is the user's own."""
    stages = len(plan.phases[0].stage_rates)
    for candidate in RECIPES:
        from_random = plan.backbone.weights == "random"
        if from_random == (candidate.weights == "random") and _pattern(plan.phases) == _pattern(
            candidate.phases(stages)
        ):
            return candidate.id
    return None


def _pattern(phases: Sequence[Phase]) -> list[list[bool]]:
    return [[rate > 0 for rate in phase.stage_rates] for phase in phases]
