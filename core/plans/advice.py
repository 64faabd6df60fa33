"""Checks of a plan before it is started, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import Check
from core.names import shorten
from core.plans.multi_task import balance_of
from core.plans.plan import Plan, fits_heads
from core.plans.progressive_resizing import resizes_progressively

if TYPE_CHECKING:
    from core.backbones import BackboneCard, Stage
    from core.datasets import Dataset, Task

HIGH_STAGE_RATE = {"adamw": 1e-3, "sgd": 3e-2}  # pretrained stages forget what they know above this
HIGH_HEAD_RATE = {"adamw": 3e-2, "sgd": 1.0}
LOW_HEAD_RATE = {"adamw": 3e-5, "sgd": 1e-4}
MANY_EPOCHS = 50


def check_plan(plan: Plan, dataset: Dataset, card: BackboneCard, stages: Sequence[Stage]) -> list[Check]:
    """Everything worth saying about this plan with these photos; what stops it comes first."""
    known = {task.name: task for task in dataset.tasks}
    if unknown := [name for name in plan.tasks if name not in known]:
        columns = ", ".join(f'"{name}"' for name in known)
        sentence = f'The photos have no label column "{shorten(unknown[0])}"; they have {columns}.'
        several = " Several labels are learned together only from photos that have them all as columns."
        return [Check("stop", sentence + several * (len(plan.tasks) > 1))]
    tasks = [known[name] for name in plan.tasks]
    found = [
        *_shape(plan, card, stages),
        *_teacher(plan),
        *_adaptation(plan),
        *_starting_weights(plan),
        *_several_tasks(plan),
        *_soup(plan),
        *_stochastic_depth(plan, card),
        *(check for task in tasks for check in _labels(dataset, task, plan)),
        *_sizes(plan, dataset, card),
        *_rates(plan, stages),
        *_enough(plan, dataset, stages),
    ]
    return stops_first(found)


def stops_first(checks: Sequence[Check]) -> list[Check]:
    """What stops, then warnings, then what is well."""
    return sorted(checks, key=lambda check: ("stop", "warning", "ok").index(check.level))


def _shape(plan: Plan, card: BackboneCard, stages: Sequence[Stage]) -> list[Check]:
    given = len(plan.phases[0].stage_rates)
    if given == len(stages):
        return []
    return [
        Check(
            "stop", f"The plan has rates for {given} stages, but {card.title} has {len(stages)}: choose a recipe anew."
        )
    ]


def _teacher(plan: Plan) -> list[Check]:
    if plan.teacher is None or any(rate > 0 for phase in plan.phases for rate in phase.stage_rates):
        return []
    if plan.teacher.backbone:
        return [Check("stop", "Only the head learns, and a network teaches what comes before it: free a stage.")]
    return [Check("warning", "Only the head learns, so the teacher's answers count and what it sees does not.")]


def _adaptation(plan: Plan) -> list[Check]:
    if any(rate > 0 for phase in plan.phases for rate in phase.stage_rates):
        return []
    if plan.adaptive_batch_norm or any({"features", "target_batch"} <= each.needs for each in plan.objectives):
        return [Check("stop", "Only the head learns, and adaptation changes what comes before it: free a stage.")]
    return []


def _starting_weights(plan: Plan) -> list[Check]:
    """What makes no sense where objectives hold a network to the weights that it began with."""
    if not any("initial_weights" in each.needs for each in plan.objectives):
        return []
    if plan.backbone.weights == "random":
        return [Check("stop", "Random weights are not worth staying near: leave L2-SP out, or use pretrained ones.")]
    if not any(rate > 0 for phase in plan.phases for rate in phase.stage_rates):
        return [Check("stop", "Only the head learns, so nothing leaves its start: free a stage, or leave L2-SP out.")]
    if plan.optimizer.weight_decay:
        return [Check("warning", "Weight decay pulls to zero what L2-SP holds near its start: set it to 0.")]
    return []


def _several_tasks(plan: Plan) -> list[Check]:
    """What balances tasks, where they have nothing in common that learns."""
    if balance_of(plan) != "learned" or plan.first_trainable_stage < len(plan.phases[0].stage_rates):
        return []
    sentence = "Only the heads learn, one for each label, so there is nothing to balance: free a stage"
    return [Check("warning", f"{sentence}, or let the labels count alike.")]


def _soup(plan: Plan) -> list[Check]:
    if not plan.soup:
        return []
    if fits_heads(plan, last := plan.phases[-1]):
        return [Check("warning", "A fitted head is the best one already: a soup of its epochs is no better.")]
    if last.epochs == 1:
        return [Check("warning", "A soup needs two epochs or more in the last phase: give it more, or leave it out.")]
    return []


def _stochastic_depth(plan: Plan, card: BackboneCard) -> list[Check]:
    if not plan.drop_path:
        return []
    from core.backbones import has_drop_path  # loads torch, which plans are read without

    if not has_drop_path(card.architecture):
        return [Check("stop", f"{card.title} has no parts that can be left out: set stochastic depth to 0.")]
    if not any(rate > 0 for phase in plan.phases for rate in phase.stage_rates):
        return [
            Check("warning", "Only the head learns, and stochastic depth leaves out parts before it: free a stage.")
        ]
    return []


def _labels(dataset: Dataset, task: Task, plan: Plan) -> list[Check]:
    from core.tasks import label_kind  # loads pandas, which plans are read without

    found = list(label_kind(task).advice(task, dataset.labels(task)[dataset.indices("train")]))
    validation = dataset.indices("validation")
    stopped = any(each.level == "stop" for each in found)
    if not stopped and len(validation) and not dataset.is_labelled(task, validation).any():
        sentence = "No photo that judges is labelled, so nothing could be judged: change the split."
        found.insert(0, Check("stop", sentence))
    if len(plan.tasks) == 1:
        return found
    return [Check(each.level, f"{task.name}: {each.sentence}") if each.level == "stop" else each for each in found]


def _sizes(plan: Plan, dataset: Dataset, card: BackboneCard) -> list[Check]:
    training, validation = len(dataset.indices("train")), len(dataset.indices("validation"))
    found = []
    if not validation:
        found.append(
            Check("stop", "No photo is set aside for validation, so nothing could be judged: change the split.")
        )
    elif validation < 30:
        found.append(Check("warning", f"Only {_photos(validation)} judge: figures will have wide margins."))
    if plan.batch_size > training:
        found.append(
            Check(
                "warning",
                f"A batch of {plan.batch_size} is larger than the {_photos(training)} that teach: "
                "each epoch is one single step.",
            )
        )
    if card.fixed_size and plan.image_size != card.input_size:
        found.append(Check("stop", f"{card.title} takes photos of {card.input_size} pixels only."))
    elif plan.image_size > 2 * card.input_size:
        found.append(
            Check(
                "warning",
                f"Photos of {plan.image_size} pixels are far larger than the {card.input_size} "
                f"that {card.title} is used to: slower, and often worse.",
            )
        )
    if any(phase.start_image_size and phase.first_trainable_stage > 0 for phase in plan.phases):
        found.append(Check("warning", "Photos grow only in phases in which every stage learns."))
    if (card.fixed_size or card.one_built_size) and any(resizes_progressively(plan, phase) for phase in plan.phases):
        found.append(Check("stop", f"{card.title} takes photos of one size only: let them not grow."))
    sides = dataset.table[["width", "height"]].min(axis=1)
    if len(sides) and float(sides.median()) * 1.5 < plan.image_size:
        found.append(
            Check(
                "warning",
                f"Half of your photos are smaller than {int(sides.median())} pixels: "
                f"a photo size of {plan.image_size} only enlarges them.",
            )
        )
    return found


def _rates(plan: Plan, stages: Sequence[Stage]) -> list[Check]:
    kind, found = plan.optimizer.kind, []
    pretrained = plan.backbone.weights != "random"
    highest = max((rate, i) for phase in plan.phases for i, rate in enumerate(phase.stage_rates))
    heads = [phase.head_rate for phase in plan.phases if not fits_heads(plan, phase)] or [0.0]
    if pretrained and highest[0] > HIGH_STAGE_RATE[kind]:
        name = stages[highest[1]].name if highest[1] < len(stages) else "a stage"
        found.append(
            Check(
                "warning",
                f"A rate of {highest[0]:g} is high for {name}, which knows something already: it may forget it.",
            )
        )
    elif pretrained and 0 < highest[0] <= min(heads):
        found.append(Check("ok", "The pretrained stages learn slower than the head: they will not forget."))
    if max(heads) > HIGH_HEAD_RATE[kind]:
        found.append(
            Check("warning", f"A rate of {max(heads):g} is high for the head: the loss may jump instead of falling.")
        )
    if 0 < max(heads) < LOW_HEAD_RATE[kind]:
        found.append(Check("warning", f"A rate of {max(heads):g} is very low for a new head: it will hardly learn."))
    if not pretrained and any(0.0 in phase.stage_rates for phase in plan.phases):
        found.append(
            Check(
                "warning",
                "Random weights that are frozen never become anything: "
                "free every stage, or use the pretrained weights.",
            )
        )
    if all(rate == 0 for phase in plan.phases for rate in (*phase.stage_rates, phase.head_rate)):
        found.append(Check("stop", "Nothing learns: give the head a rate."))
    return found


def _enough(plan: Plan, dataset: Dataset, stages: Sequence[Stage]) -> list[Check]:
    training = len(dataset.indices("train"))
    everything = any(all(rate > 0 for rate in phase.stage_rates) for phase in plan.phases)
    found = []
    if plan.backbone.weights == "random" and training < 5_000:
        found.append(
            Check(
                "warning",
                f"From scratch, {training:,} photos are few: expect it to be much worse than the pretrained network.",
            )
        )
    elif everything and training < 200:
        found.append(
            Check(
                "warning",
                f"All stages learn from only {_photos(training)}: it may learn them by heart. Freezing more helps.",
            )
        )
    if plan.epochs > MANY_EPOCHS and plan.early_stopping is None:
        found.append(
            Check(
                "warning", f"{plan.epochs} epochs are many: early stopping would end the run when it no longer helps."
            )
        )
    return found


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
