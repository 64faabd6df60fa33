"""What differs between plans, in the words of the plan page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.objectives import Objective
from core.plans.head_kinds import SIMPLE_HEADS, is_simple
from core.plans.multi_task import balance_in_words
from core.plans.plan import Augmentation, DatasetChoice, Phase, Plan, Teacher, fits_heads
from core.plans.recipes import recipe, recipe_of

MODEL, LEARNS, STAGE_RATES, PHOTO_SIZE = "Model", "What learns", "Rates of the stages", "Photo size"
OF_TASKS = ("task_weights", "learn_task_weights")  # fields of cross-entropy that have a line of their own
_SCHEDULES = {"constant": "stays", "cosine": "falls in a curve", "linear": "falls evenly"}
_PRECISIONS = {"auto": "automatic", "fp32": "full (fp32)", "bf16": "half (bf16)", "fp16": "half (fp16)"}
_OPTIMIZERS = {"adamw": "AdamW", "sgd": "SGD"}


@dataclass(frozen=True)
class PlanNames:
    """How a plan's ids are called on screen. own_size: the photo size of a network, in pixels, None if unknown."""

    model: Callable[[str], str] = str
    dataset: Callable[[DatasetChoice], str] = lambda each: f"{each.id}, version {each.version}"
    teacher: Callable[[Teacher], str] = lambda each: each.run or (each.backbone.name if each.backbone else "")
    own_size: Callable[[str], int | None] = lambda name: None


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in all plans. values: in words, of each plan in order.

    follows: it is so only because the models differ; nobody chose it.
    """

    title: str
    values: tuple[str, ...]
    follows: bool = False


def differences(plans: Sequence[Plan], names: PlanNames | None = None) -> list[Difference]:
    """What is not the same in all of the plans, what a person chose first. Where it is computed is no difference."""
    names = names or PlanNames()
    described = [plan_in_words(plan, names) for plan in plans]
    follows = _follows_from_the_model(plans, names) if len({plan.backbone.name for plan in plans}) > 1 else set()
    found = [
        Difference(title, values, title in follows)
        for title in described[0]
        if len(set(values := tuple(words[title] for words in described))) > 1
    ]
    return sorted(found, key=lambda each: each.follows)


def plan_in_words(plan: Plan, names: PlanNames) -> dict[str, str]:
    """All that a plan decides, by title, except the device. Each plan has the same titles, in the same order."""
    phases = plan.phases
    return {
        "Photos": names.dataset(plan.source),
        "Adapted to": names.dataset(plan.target) if plan.target else "no other photos",
        "Statistics of the photos adapted to": "yes" if plan.adaptive_batch_norm else "no",
        "What it tells": ", ".join(plan.tasks),
        "How much each label counts": balance_in_words(plan) if len(plan.tasks) > 1 else "it is alone",
        MODEL: _model(plan, names),
        LEARNS: _what_learns(phases),
        "Epochs": " + ".join(str(phase.epochs) for phase in phases),
        "Head": SIMPLE_HEADS[plan.head.kind].title.lower() if is_simple(plan.head.kind) else "linear",
        "Rate of the head": _per_phase(
            phases, lambda phase: "fitted" if fits_heads(plan, phase) else f"{phase.head_rate:g}"
        ),
        STAGE_RATES: _per_phase(phases, _stage_rates),
        "Learning rate over time": _per_phase(phases, lambda phase: _SCHEDULES[phase.schedule]),
        "Warm-up": _per_phase(phases, lambda phase: f"{phase.warmup_epochs:g} epochs" if phase.warmup_epochs else "no"),
        "Names of the phases": _per_phase(phases, lambda phase: phase.name),
        PHOTO_SIZE: f"{plan.image_size} pixels",
        "Photos grow from": _per_phase(
            phases, lambda phase: f"{phase.start_image_size} pixels" if phase.start_image_size else "they stay"
        ),
        "Photos are changed by": _augmentation(plan.augmentation),
        "Views of a photo": _views(plan),
        "Photos in a batch": str(plan.batch_size),
        "Photos are drawn": "each class alike" if plan.sampling == "balanced" else "each once an epoch",
        "Optimizer": _OPTIMIZERS[plan.optimizer.kind],
        "Momentum": f"{plan.optimizer.momentum:g}",
        "Weight decay": f"{plan.optimizer.weight_decay:g}",
        "Longest gradient": f"{plan.optimizer.clip_norm:g}" if plan.optimizer.clip_norm else "any",
        "Average of the weights": f"{plan.optimizer.ema_decay:g}" if plan.optimizer.ema_decay else "off",
        "Stochastic depth": f"{plan.drop_path:g}" if plan.drop_path else "off",
        "Soup": f"of the best {plan.soup} epochs" if plan.soup else "off",
        "Dropout before the head": f"{plan.head.dropout:g}",
        "Early stop": f"after {plan.early_stopping.patience} epochs" if plan.early_stopping else "off",
        "Teacher": _teacher(plan, names),
        "What is made small": "; ".join(_objective(each) for each in plan.objectives),
        "Seed": str(plan.seed),
        "Precision": _PRECISIONS[plan.precision],
        "Repeatable": "yes" if plan.repeatable else "as it comes",
    }


def _model(plan: Plan, names: PlanNames) -> str:
    title = names.model(plan.backbone.name)
    match plan.backbone.weights:
        case "random":
            return f"{title}, from random weights"
        case "file":
            return f"{title}, weights of {plan.backbone.file}"
    return title


def _what_learns(phases: Sequence[Phase]) -> str:
    words = [_learns_in(phase) for phase in phases]
    kept = [each for each, before in zip(words, [None, *words], strict=False) if each != before]
    return kept[0] if len(kept) == 1 else f"first {', then '.join(kept)}"


def _learns_in(phase: Phase) -> str:
    stages = len(phase.stage_rates)
    learning = [number for number, rate in enumerate(phase.stage_rates, 1) if rate > 0]
    head = "the head and " if phase.head_rate > 0 else ""
    if not learning:
        return "only the head" if head else "nothing"
    if len(learning) == stages:
        return "everything" if head else "everything but the head"
    if learning == list(range(stages - len(learning) + 1, stages + 1)):
        last = "the last stage" if len(learning) == 1 else f"the last {len(learning)}"
        return f"{head}{last} of {stages}{'' if len(learning) == 1 else ' stages'}"
    numbers = ", ".join(map(str, learning))
    return f"{head}{'part' if len(learning) == 1 else 'parts'} {numbers} of {stages}"


def _stage_rates(phase: Phase) -> str:
    if not any(phase.stage_rates):
        return "none learns"
    return ", ".join(f"{rate:g}" for rate in phase.stage_rates)


def _per_phase(phases: Sequence[Phase], words: Callable[[Phase], str]) -> str:
    each = [words(phase) for phase in phases]
    return each[0] if len(set(each)) == 1 else ", then ".join(each)


def _augmentation(chosen: Augmentation) -> str:
    changes = (
        ("flip", chosen.flip),
        ("upside down", chosen.flip_vertical),
        (f"crop to {100 * chosen.crop:g} % or more", chosen.crop < 1),
        (f"rotation by up to {chosen.rotate:g}°", chosen.rotate),
        (f"colour {chosen.colour:g}", chosen.colour),
        (f"erasing {chosen.erase:g}", chosen.erase),
        (f"strong change {chosen.trivial_augment:g}", chosen.trivial_augment),
        (f"blending {chosen.mixup:g}", chosen.mixup),
        (f"pasting {chosen.cutmix:g}", chosen.cutmix),
    )
    return ", ".join(words for words, on in changes if on) or "nothing"


def _views(plan: Plan) -> str:
    if plan.teacher:
        return str(plan.teacher.views)
    views = plan.augmentation.cached_views
    return "automatic" if views is None else str(views) if views else "new in each epoch"


def _teacher(plan: Plan, names: PlanNames) -> str:
    if plan.teacher is None:
        return "nobody"
    size = f", at {plan.teacher.image_size} pixels" if plan.teacher.image_size else ""
    return f"{names.teacher(plan.teacher)}{size}"


def _objective(objective: Objective) -> str:
    """Its title with the settings that are not the usual ones."""
    fields = type(objective).model_fields
    changed = [
        f"{(fields[name].title or name).lower()} {_setting(value)}"
        for name, value in objective
        if name not in ("kind", *OF_TASKS) and value != fields[name].default
    ]
    return f"{objective.title} ({', '.join(changed)})" if changed else objective.title


def _setting(value: object) -> str:
    return (
        {True: "on", False: "off"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _follows_from_the_model(plans: Sequence[Plan], names: PlanNames) -> set[str]:
    """Titles of what a recipe or a network decides by itself: its number of stages, their rates, its photo size."""
    follows = set()
    if len({recipe_of(plan) for plan in plans} - {None}) == 1 and all(recipe_of(plan) for plan in plans):
        follows.add(LEARNS)
        if all(_has_usual_rates(plan) for plan in plans):
            follows.add(STAGE_RATES)
    if all(plan.image_size == names.own_size(plan.backbone.name) for plan in plans):
        follows.add(PHOTO_SIZE)
    return follows


def _has_usual_rates(plan: Plan) -> bool:
    usual = recipe(recipe_of(plan) or "").phases(len(plan.phases[0].stage_rates))
    return [phase.stage_rates for phase in usual] == [phase.stage_rates for phase in plan.phases]
