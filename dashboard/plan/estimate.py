"""What a plan costs on this machine: measured on a thread, for the page shows "measuring" and goes on."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import timm
import torch

from core.activations import cached_stages
from core.backbones import BackboneCard, Stage, num_features
from core.datasets import Dataset, has_pixels
from core.device import resolve_device
from core.errors import GraftError
from core.home import Home
from core.plans import Plan
from core.profiling import CostProfile, Estimate, estimate, fitting, head_parameters, profile_costs, with_teacher
from core.units import duration_in_words, format_bytes
from dashboard.glossary import GLOSSARY

# One at a time: two measurements at once would measure each other.
_measuring = ThreadPoolExecutor(1, "graft-calibration")
KEPT = 200
FRESH_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """A measurement, under way or done, and when it was asked for."""

    measurement: "Future[CostProfile]"
    at: float


_asked: dict[str, Asked] = {}


@dataclass(frozen=True)
class Cost:
    """What the card says. time, memory: in words, or what stands in their way. settled: nothing more is coming.

    note: a sentence beside them, "" where there is nothing to say.
    """

    time: str
    memory: str
    settled: bool
    note: str = ""


def cost_of(home: Home, plan: Plan, dataset: Dataset, card: BackboneCard, head_size: int) -> Cost:
    """Time and memory as far as they are known by now; asks for a measurement where there is none."""
    measured = _measurement(home, plan, card)
    if not measured.done():
        return Cost("measuring ...", "...", settled=False)
    try:
        fits = fitting(home, plan, resolve_device(plan.device))
        found = _estimate(home, plan, dataset, measured.result(), head_size, fits)
    except GraftError as error:
        return Cost(error.sentence, "?", settled=True)
    in_parts = GLOSSARY["batch in parts"].format(photos=fits) if fits and fits < plan.batch_size else ""
    return Cost(duration_in_words(found.seconds), format_bytes(found.memory_bytes), settled=True, note=in_parts)


def _estimate(
    home: Home, plan: Plan, dataset: Dataset, calibration: CostProfile, head_size: int, fits: int | None
) -> Estimate:
    training, validation = len(dataset.indices("train")), len(dataset.indices("validation"))
    decoded = has_pixels(home, dataset, plan.image_size)
    known = cached_stages(home, plan, resolve_device(plan.device))
    return estimate(plan, training, validation, calibration, head_size, decoded, fits, known)


def _measurement(home: Home, plan: Plan, card: BackboneCard) -> "Future[CostProfile]":
    """The measurement for this backbone, photos, batch and precision; begun when it was not before.

    Asked for again after a while, for a run may have taught it better since, or the machine may be quiet now; the one
    that is there serves until then.
    """
    sizes = f"{plan.image_size} {plan.batch_size} {plan.precision} {plan.optimizer.kind}"
    photos = f"{plan.source.id} {plan.source.version}"
    learns = min(phase.first_trainable_stage for phase in plan.phases)
    teacher = plan.teacher.model_dump_json() if plan.teacher else ""
    key = f"{home.root} {card.architecture} {sizes} {photos} {learns} {plan.device} {teacher}"
    known = _asked.get(key)
    now = time.monotonic()
    if known is None or (known.measurement.done() and now - known.at > FRESH_SECONDS):
        asked = _measuring.submit(lambda: _measure(home, plan, card))
        while len(_asked) >= KEPT:
            _asked.pop(next(iter(_asked)))
        _asked[key] = Asked(known.measurement if known else asked, now)
        asked.add_done_callback(lambda done: _asked.update({key: Asked(done, now)}))
    return _asked[key].measurement


def _measure(home: Home, plan: Plan, card: BackboneCard) -> CostProfile:
    device = resolve_device(plan.device)
    return with_teacher(home, plan, profile_costs(home, plan, card, device), device)


def head_size_of(plan: Plan, dataset: Dataset, card: BackboneCard) -> int:
    """Parameters of the new head: one linear layer for each task."""
    features = _features(card.architecture)
    return head_parameters(features, tuple(len(dataset.task(name).classes) for name in plan.tasks))


def stage_sizes(stages: tuple[Stage, ...]) -> tuple[int, ...]:
    return tuple(stage.parameters for stage in stages)


@cache
def _features(architecture: str) -> int:
    with torch.device("meta"):  # its shape alone, without its numbers
        return num_features(timm.create_model(architecture, num_classes=0))
