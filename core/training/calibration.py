"""What this machine was measured to do, kept in the database, so that the wait is once per backbone and size."""

import os
import time
from dataclasses import asdict
from typing import Any

import torch

from core.backbones import BackboneCard
from core.datasets import Task
from core.home import Home
from core.plans.estimate import Calibration
from core.plans.plan import BackboneChoice, Plan
from core.training import measurements, measuring
from core.training.arithmetic import Arithmetic, Precision, has_convolutions, precisions
from core.training.building import new_model
from core.training.model import TrainedModel

_TASK = Task("measured", tuple("0123456789"))


def calibrate(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> Calibration:
    """Seconds and bytes per image for this plan's backbone, photo size, batch size and precision; in 1 to 3 seconds the
    first time. The weights need not be here: random ones cost the same.
    """
    key = measurements.key_of(
        "costs", card.architecture, plan.image_size, plan.batch_size, plan.precision, plan.optimiser.kind, device
    )
    known = measurements.kept(home, key, lambda: asdict(_measure(home, plan, card, device)))
    lists: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
    return Calibration(**lists)


def faster_precision(home: Home, plan: Plan, model: TrainedModel, device: torch.device) -> Precision:
    """The fastest safe numbers: 16 bits on a GPU; bf16 on a processor that has it, if this network is faster in it."""
    available = precisions(device)
    if device.type != "cpu" or len(available) == 1:
        return available[1] if len(available) > 1 else available[0]
    learns = min(phase.first_learning for phase in plan.phases)
    key = measurements.key_of("precision", plan.backbone.name, plan.image_size, plan.batch_size, learns, device)
    known = measurements.read(home, key)
    if known is None:
        known = {each: _training_seconds(plan, model, Arithmetic(device, each), learns) for each in available}
        measurements.write(home, key, known)
    return min(available, key=lambda each: known[each])


def remember_fitting(home: Home, plan: Plan, device: torch.device, photos_at_once: int) -> None:
    """A training step of this plan ran out of memory on this machine until it computed no more photos at once."""
    known = fitting(home, plan, device)
    fewest = photos_at_once if known is None else min(known, photos_at_once)
    measurements.write(home, _fitting_key(plan, device), {"photos": fewest})


def fitting(home: Home, plan: Plan, device: torch.device) -> int | None:
    """How many photos at once a training step of this plan could hold; None when memory never ran out."""
    known = measurements.read(home, _fitting_key(plan, device))
    return known["photos"] if known else None


def _fitting_key(plan: Plan, device: torch.device) -> str:
    learns = min(phase.first_learning for phase in plan.phases)
    return measurements.key_of("fitting", plan.backbone.name, plan.image_size, plan.precision, learns, device)


def _training_seconds(plan: Plan, model: TrainedModel, arithmetic: Arithmetic, learns: int) -> float:
    return measuring.step_seconds(measuring.begin(model, plan, arithmetic), learns)


def _measure(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> Calibration:
    began = time.perf_counter()
    random = plan.model_copy(update={"backbone": BackboneChoice(name=card.name, weights="random")})
    model = new_model(home, random, [_TASK])
    start = time.perf_counter() - began
    if plan.precision == "auto":
        precision = faster_precision(home, plan, model, device)
    else:
        precision = plan.precision if plan.precision in precisions(device) else "fp32"
    arithmetic = Arithmetic(device, precision, has_convolutions(model.backbone))
    trial = measuring.begin(model, plan, arithmetic)
    prefix, suffix = _seconds(trial)
    remembered, handed_on = measuring.stage_bytes(trial)
    stages = len(model.stages)
    return Calibration(
        prefix_seconds=prefix,
        suffix_seconds=suffix,
        step_bytes=tuple(sum(remembered[k:]) + max(handed_on) for k in range(stages + 1)),
        kept_bytes=(3.0 * 4 * plan.image_size**2, *handed_on[:-1], 4.0 * model.features),
        parameters=tuple(stage.parameters for stage in model.stages),
        decode_seconds=measuring.decode_seconds(plan.image_size, os.cpu_count() or 1),
        augment_seconds=measuring.augment_seconds(plan, arithmetic),
        start_seconds=start,
    )


def _seconds(trial: measuring.Trial) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per image, for the cut before each stage and before the head: (prefix forward, suffix training step).

    Measured are a forward pass and the steps in which all stages, the last one and the head alone learn; in between, a
    stage's backward pass is taken to cost as many times its forward pass as over the whole network.
    """
    model, stages = trial.model, len(trial.model.stages)
    forward, shares = measuring.forward_seconds(trial), measuring.stage_shares(trial)
    update = measuring.update_seconds(trial) / trial.plan.batch_size
    all_learn, last_learns = measuring.step_seconds(trial, 0), measuring.step_seconds(trial, stages - 1)
    prefix = [forward * sum(shares[:k]) for k in range(stages + 1)]
    head = measuring.head_seconds(trial)
    parameters = [stage.parameters for stage in model.stages]

    def suffix(k: int) -> float:
        if k == stages:
            learning = head
        elif k == stages - 1:
            learning = max(last_learns - prefix[k], head)
        else:
            learning = head + max(all_learn - head, 0.0) * sum(shares[k:])
        return learning + update * sum(parameters[k:]) / max(sum(parameters), 1)

    return tuple(prefix), tuple(suffix(k) for k in range(stages + 1))
