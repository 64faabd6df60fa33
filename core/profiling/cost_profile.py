"""What this machine was measured to do, kept in the database, so that the wait is once per backbone and size."""

import math
import os
import time
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
import torch

from core.backbones import BackboneCard, get_card
from core.datasets import Task, load_dataset
from core.device import ComputeConfig, profile_store, threads_given_back, within_memory
from core.distillation import TeacherModel, load_teacher
from core.errors import GraftError
from core.home import Home
from core.models import TrainedModel, create_model
from core.plans import BackboneChoice, Plan
from core.profiling import benchmarks
from core.profiling.autotune import autotune_compute_config, first_trainable_stage, known_arithmetic
from core.profiling.estimate import CostProfile

BESIDE_SECONDS = 1.5e-3  # of a step beside the network: rows looked up, events written down; measured in runs
PHOTOS_DECODED = 9
ENOUGH_SECONDS = 5.0  # a shorter run says more about its start than about the machine
RUNS_REMEMBERED = 5
MOST_CORRECTION = 3.0  # beyond it something else was going on: a suspended laptop, a busy neighbour
_TASK = Task("measured", tuple("0123456789"))


@within_memory
def profile_costs(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile:
    """Seconds and bytes per image for this plan's backbone, photo size, batch size and optimizer, in the arithmetic
    that is the fastest for it; in a few seconds the first time. The weights need not be here: random ones cost as
    much.

    Raises TooLittleMemory.
    """
    built = cache(lambda: _built(home, plan, card))
    compute_config = autotune_compute_config(home, plan, lambda: built()[0], device)
    key = _costs_key(plan, card, compute_config)
    known = profile_store.kept(home, key, lambda: asdict(_measure(home, plan, *built(), compute_config)))
    found = _calibration(known)
    return replace(found, decode_seconds=_decode_seconds(home, plan), correction=correction(home, plan, device))


def known_cost_profile(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile | None:
    """The same as far as it was measured, however long ago: without a correction, and without decoding."""
    compute_config = known_arithmetic(home, plan, device)
    known = profile_store.read(home, _costs_key(plan, card, compute_config)) if compute_config else None
    return _calibration(known["measured"]) if known else None


def trusted_cost_profile(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile | None:
    """The same, if it was measured while the machine had time for it."""
    compute_config = known_arithmetic(home, plan, device)
    known = profile_store.measured_quietly(home, _costs_key(plan, card, compute_config)) if compute_config else None
    return _calibration(known) if known else None


def _costs_key(plan: Plan, card: BackboneCard, compute_config: ComputeConfig) -> str:
    what = (card.architecture, plan.image_size, plan.batch_size, plan.optimizer.kind, compute_config.facts())
    return profile_store.key_of("costs", *what, compute_config.device)


def _calibration(known: profile_store.Body) -> CostProfile:
    lists: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
    return CostProfile(**lists)


def _decode_seconds(home: Home, plan: Plan) -> float:
    """Of one of this dataset's photos: a camera's take many times as long as a web page's."""
    key = profile_store.key_of("decoding", plan.source.id, plan.source.version, plan.image_size)
    return profile_store.kept(home, key, lambda: {"seconds": _decoded(home, plan)})["seconds"]


def _decoded(home: Home, plan: Plan) -> float:
    workers = os.cpu_count() or 1
    with suppress(GraftError):  # the run will say which photo can no longer be read
        dataset = load_dataset(home, plan.source.id, plan.source.version)
        some = np.linspace(0, len(dataset) - 1, min(PHOTOS_DECODED, len(dataset))).astype(int)
        photos = [dataset.folder / str(dataset.table["file"].iat[row]) for row in some]
        return benchmarks.decode_seconds(photos, plan.image_size, workers)
    return benchmarks.decode_seconds([benchmarks.a_photo()] * 3, plan.image_size, workers)


@within_memory
def with_teacher(home: Home, plan: Plan, found: CostProfile, device: torch.device) -> CostProfile:
    """The same with what the plan's teacher costs, if there is one, in the arithmetic of its student.

    Raises what `load_teacher` does, and TooLittleMemory.
    """
    teacher = plan.teacher
    if teacher is None:
        return found
    compute_config = autotune_compute_config(
        home, plan, lambda: _built(home, plan, get_card(plan.backbone.name))[0], device
    )
    who = teacher.model_dump_json(exclude={"views"})
    key = profile_store.key_of("teacher", who, compute_config.facts(), compute_config.device)
    costs = profile_store.kept(home, key, lambda: _teacher_costs(load_teacher(home, teacher), compute_config))
    return replace(found, **costs)


def _teacher_costs(model: TeacherModel, compute_config: ComputeConfig) -> profile_store.Body:
    with threads_given_back():
        compute_config.use_threads()
        seconds = benchmarks.teacher_seconds(model, compute_config)
        forward_bytes = benchmarks.teacher_forward_bytes(model, compute_config)
    weights = sum(each.numel() for each in model.network.parameters())
    return {
        "teacher_seconds": seconds,
        "teacher_forward_bytes": forward_bytes,
        "teacher_cached_bytes": 2 * model.output_count,
        "teacher_bytes": 4 * weights,
    }


def correction(home: Home, plan: Plan, device: torch.device) -> float:
    """What runs of this backbone and photo size really took on this machine, as a factor of what was foretold."""
    known = profile_store.read(home, _correction_key(plan, device))
    return math.exp(sum(map(math.log, known["factors"])) / (len(known["factors"]) + 1)) if known else 1.0


def record_actual(home: Home, plan: Plan, device: torch.device, foretold: float, taken: float) -> None:
    """A run took so many seconds, for which so many were foretold without a correction."""
    if min(foretold, taken) < ENOUGH_SECONDS:
        return
    key = _correction_key(plan, device)
    known = profile_store.read(home, key) or {"factors": []}
    factor = min(max(taken / foretold, 1 / MOST_CORRECTION), MOST_CORRECTION)
    profile_store.write(home, key, {"factors": [*known["factors"], factor][-RUNS_REMEMBERED:]})


def _correction_key(plan: Plan, device: torch.device) -> str:
    head_only = first_trainable_stage(plan) == len(plan.phases[0].stage_rates)
    taught = ("taught",) if plan.teacher else ()  # which makes a step, and all that comes before it, another work
    return profile_store.key_of("correction", plan.backbone.name, plan.image_size, head_only, device, *taught)


def remember_max_micro_batch(home: Home, plan: Plan, device: torch.device, micro_batch_size: int) -> None:
    """A training step of this plan ran out of memory on this machine until it computed no more photos at once."""
    known = fitting(home, plan, device)
    fewest = micro_batch_size if known is None else min(known, micro_batch_size)
    profile_store.write(home, _fitting_key(plan, device), {"photos": fewest})


def fitting(home: Home, plan: Plan, device: torch.device) -> int | None:
    """How many photos at once a training step of this plan could hold; None when memory never ran out."""
    known = profile_store.read(home, _fitting_key(plan, device))
    return known["photos"] if known else None


def _fitting_key(plan: Plan, device: torch.device) -> str:
    what = (plan.backbone.name, plan.image_size, plan.precision, first_trainable_stage(plan))
    taught = (plan.teacher.model_dump_json(),) if plan.teacher else ()  # it takes its share of the memory
    return profile_store.key_of("fitting", *what, device, *taught)


def _built(home: Home, plan: Plan, card: BackboneCard) -> tuple[TrainedModel, float]:
    """The plan's network with random weights, and the seconds that it took."""
    began = time.perf_counter()
    random = plan.model_copy(update={"backbone": BackboneChoice(name=card.name, weights="random")})
    return create_model(home, random, [_TASK]), time.perf_counter() - began


def _measure(
    home: Home, plan: Plan, model: TrainedModel, start_seconds: float, compute_config: ComputeConfig
) -> CostProfile:
    with threads_given_back():
        compute_config.use_threads()
        found = _measured(plan, model, start_seconds, compute_config)
    once, per_byte = benchmarks.save_seconds(home.activations.parent)
    return replace(found, save_seconds=once, save_seconds_per_byte=per_byte)


def _measured(plan: Plan, model: TrainedModel, start_seconds: float, compute_config: ComputeConfig) -> CostProfile:
    trial = benchmarks.begin(model, plan, compute_config)
    prefix, suffix = _seconds(trial)
    remembered, handed_on = benchmarks.stage_bytes(trial)
    stages = len(model.stages)
    return CostProfile(
        prefix_seconds=prefix,
        suffix_seconds=suffix,
        step_bytes=tuple(sum(remembered[k:]) + max(handed_on) for k in range(stages + 1)),
        cached_bytes=(3.0 * 4 * plan.image_size**2, *handed_on[:-1], 4.0 * model.features),
        parameters=tuple(stage.parameters for stage in model.stages),
        forward_bytes=benchmarks.forward_bytes(trial),
        augment_seconds=benchmarks.augment_seconds(plan, compute_config),
        step_seconds=BESIDE_SECONDS,
        start_seconds=start_seconds,
    )


def _seconds(trial: benchmarks.BenchmarkSetup) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per image, for the cut before each stage and before the head: (prefix forward, suffix training step).

    Measured are a forward pass, one as a frozen part looks, and the steps in which all stages, the last one and the
    head alone learn; in between, a stage's backward pass is taken to cost as many times its forward pass as over the
    whole network.
    """
    model, stages = trial.model, len(trial.model.stages)
    forward, look = benchmarks.forward_seconds(trial), benchmarks.fused_forward_seconds(trial)
    shares = benchmarks.stage_shares(trial)
    update = benchmarks.update_seconds(trial) / trial.plan.batch_size
    all_learn, last_learns = benchmarks.step_seconds(trial, 0), benchmarks.step_seconds(trial, stages - 1)
    prefix = [look * sum(shares[:k]) for k in range(stages + 1)]
    head = benchmarks.head_seconds(trial)
    parameters = [stage.parameters for stage in model.stages]

    def suffix(k: int) -> float:
        if k == stages:
            learning = head
        elif k == stages - 1:
            learning = max(last_learns - forward * sum(shares[:k]), head)
        else:
            learning = head + max(all_learn - head, 0.0) * sum(shares[k:])
        return learning + update * sum(parameters[k:]) / max(sum(parameters), 1)

    return tuple(prefix), tuple(suffix(k) for k in range(stages + 1))
