"""What a plan costs on this machine: measured on a thread, for the page shows "measuring" and goes on."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import timm
import torch

from core.backbones import BackboneCard, Stage, feature_count
from core.datasets import Dataset
from core.errors import GraftError
from core.home import Home
from core.plans import Calibration, Estimate, Plan, estimate, head_parameters, in_words
from core.training import calibrate, resolve_device
from dashboard.parts.texts import in_bytes

# One at a time: two measurements at once would measure each other.
_measuring = ThreadPoolExecutor(1, "graft-calibration")
_asked: dict[str, "Future[Calibration]"] = {}
KEPT = 200


@dataclass(frozen=True)
class Cost:
    """What the card says. time, memory: in words, or what stands in their way. settled: nothing more is coming."""

    time: str
    memory: str
    settled: bool


def cost_of(home: Home, plan: Plan, dataset: Dataset, card: BackboneCard, head_size: int) -> Cost:
    """Time and memory as far as they are known by now; asks for a measurement where there is none."""
    measured = _measurement(home, plan, card)
    if not measured.done():
        return Cost("measuring ...", "...", settled=False)
    try:
        found = _estimate(plan, dataset, measured.result(), head_size)
    except GraftError as error:
        return Cost(error.sentence, "?", settled=True)
    return Cost(in_words(found.seconds), in_bytes(found.memory_bytes), settled=True)


def _estimate(plan: Plan, dataset: Dataset, calibration: Calibration, head_size: int) -> Estimate:
    training, validation = len(dataset.indices("train")), len(dataset.indices("validation"))
    return estimate(plan, training, validation, calibration, head_size)


def _measurement(home: Home, plan: Plan, card: BackboneCard) -> "Future[Calibration]":
    """The measurement for this backbone, photo size, batch and precision; begun when it was not before."""
    sizes = f"{plan.image_size} {plan.batch_size} {plan.precision} {plan.optimiser.kind}"
    key = f"{home.root} {card.architecture} {sizes} {plan.device}"
    if key not in _asked:
        while len(_asked) >= KEPT:
            _asked.pop(next(iter(_asked)))
        _asked[key] = _measuring.submit(lambda: calibrate(home, plan, card, resolve_device(plan.device)))
    return _asked[key]


def head_size_of(plan: Plan, dataset: Dataset, card: BackboneCard) -> int:
    """Parameters of the new head: one linear layer for each task."""
    features = _features(card.architecture)
    return head_parameters(features, tuple(len(dataset.task(name).classes) for name in plan.tasks))


def stage_sizes(stages: tuple[Stage, ...]) -> tuple[int, ...]:
    return tuple(stage.parameters for stage in stages)


@cache
def _features(architecture: str) -> int:
    with torch.device("meta"):  # its shape alone, without its numbers
        return feature_count(timm.create_model(architecture, num_classes=0))
