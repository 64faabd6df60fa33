"""Cost profiles: what one image costs on this machine, measured once per backbone and photo size and stored; and what
runs add to it (a correction of the time, and the micro-batches that fitted the memory).
"""

import math
import os
import time
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import torch

from core.backbones import BackboneCard
from core.datasets import load_dataset
from core.device import ComputeConfig, profile_store, raise_too_little_memory, restored_threads
from core.distillation import TeacherModel, load_teacher
from core.errors import GraftError
from core.home import Home
from core.models import TrainedModel
from core.plans import Plan
from core.profiling import benchmarks
from core.profiling.autotune import autotune_compute_config, random_model, stored_compute_config
from core.profiling.benchmarks import BenchmarkSetup
from core.profiling.estimate import CostProfile

STEP_OVERHEAD_SECONDS = 1.5e-3  # of a step beside the network: looking up rows, writing events; measured in runs
DECODED_PHOTOS = 9
MIN_RUN_SECONDS = 5.0  # a shorter run says more about its start than about the machine
CORRECTING_RUNS = 5  # the last ones; a machine changes
MAX_CORRECTION = 3.0  # beyond it something else was going on: a suspended laptop, a busy neighbour


@raise_too_little_memory
def profile_costs(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile:
    """Seconds and bytes per image for this plan's backbone, photo size, batch size and optimizer, in the compute
    configuration that is fastest for it. Takes a few seconds the first time. The weights need not be here.

    Raises TooLittleMemory.
    """
    built = cache(lambda: timed_model(home, plan))
    compute_config = autotune_compute_config(home, plan, lambda: built()[0], device)

    def measure() -> profile_store.Body:
        return asdict(_measure(home, plan, *built(), compute_config))

    stored = profile_store.cached(home, _costs_key(plan, card, compute_config), measure)
    decoding = decode_seconds(home, plan)
    return replace(_from_json(stored), decode_seconds=decoding, correction=correction(home, plan, device))


def known_cost_profile(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile | None:
    """The stored profile, however old; does not measure. Correction and decoding are left out of it."""
    compute_config = stored_compute_config(home, plan, device)
    stored = profile_store.read(home, _costs_key(plan, card, compute_config)) if compute_config else None
    return _from_json(stored["measured"]) if stored else None


def trusted_cost_profile(home: Home, plan: Plan, card: BackboneCard, device: torch.device) -> CostProfile | None:
    """The stored profile, if other programs left the machine alone while it was measured; does not measure."""
    compute_config = stored_compute_config(home, plan, device)
    stored = profile_store.read_trusted(home, _costs_key(plan, card, compute_config)) if compute_config else None
    return _from_json(stored) if stored else None


def _costs_key(plan: Plan, card: BackboneCard, compute_config: ComputeConfig) -> str:
    what = (card.architecture, plan.image_size, plan.batch_size, plan.optimizer.kind, compute_config.facts())
    return profile_store.key_of("costs", *what, compute_config.device)


def _from_json(body: profile_store.Body) -> CostProfile:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    return CostProfile(**values)


def decode_seconds(home: Home, plan: Plan) -> float:
    """Per photo of this dataset: those of a camera take many times as long as those of a web page."""
    key = profile_store.key_of("decoding", plan.source.id, plan.source.version, plan.image_size)
    return profile_store.cached(home, key, lambda: {"seconds": _measure_decoding(home, plan)})["seconds"]


def _measure_decoding(home: Home, plan: Plan) -> float:
    workers = os.cpu_count() or 1
    with suppress(GraftError):  # the run will say which photo can no longer be read
        dataset = load_dataset(home, plan.source.id, plan.source.version)
        rows = np.linspace(0, len(dataset) - 1, min(DECODED_PHOTOS, len(dataset))).astype(int)
        photos = [dataset.folder / str(dataset.table["file"].iat[row]) for row in rows]
        return benchmarks.decode_seconds(photos, plan.image_size, workers)
    return benchmarks.decode_seconds([benchmarks.example_photo()] * 3, plan.image_size, workers)


@raise_too_little_memory
def with_teacher(home: Home, plan: Plan, costs: CostProfile, device: torch.device) -> CostProfile:
    """The profile with the costs of the plan's teacher, if it names one, in the configuration of its student.

    Raises TooLittleMemory, and what `core.distillation.load_teacher` raises.
    """
    teacher = plan.teacher
    if teacher is None:
        return costs
    compute_config = autotune_compute_config(home, plan, lambda: random_model(home, plan), device)
    choice = teacher.model_dump_json(exclude={"views"})
    key = profile_store.key_of("teacher", choice, compute_config.facts(), compute_config.device)
    measured = profile_store.cached(home, key, lambda: _teacher_costs(load_teacher(home, teacher), compute_config))
    return replace(costs, **measured)


def _teacher_costs(model: TeacherModel, compute_config: ComputeConfig) -> profile_store.Body:
    with restored_threads():
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
    """Measured over estimated seconds of earlier runs of this backbone and photo size here: the geometric mean of the
    last few factors and one 1.
    """
    stored = profile_store.read(home, _correction_key(plan, device))
    return math.exp(sum(map(math.log, stored["factors"])) / (len(stored["factors"]) + 1)) if stored else 1.0


def record_actual(
    home: Home, plan: Plan, device: torch.device, estimated_seconds: float, measured_seconds: float
) -> None:
    """Correct later estimates by what a run took. estimated_seconds: without a correction."""
    if min(estimated_seconds, measured_seconds) < MIN_RUN_SECONDS:
        return
    key = _correction_key(plan, device)
    stored = profile_store.read(home, key) or {"factors": []}
    factor = min(max(measured_seconds / estimated_seconds, 1 / MAX_CORRECTION), MAX_CORRECTION)
    profile_store.write(home, key, {"factors": [*stored["factors"], factor][-CORRECTING_RUNS:]})


def _correction_key(plan: Plan, device: torch.device) -> str:
    head_only = plan.first_trainable_stage == len(plan.phases[0].stage_rates)
    teacher = ("teacher",) if plan.teacher else ()  # which makes a step, and all that comes before it, other work
    target = ("target",) if plan.target else ()
    return profile_store.key_of("correction", plan.backbone.name, plan.image_size, head_only, device, *teacher, *target)


def record_start(home: Home, backbone: str, device: torch.device | str, seconds: float) -> None:
    """Note what a run took before its first photo was computed, beside decoding. device: or its name."""
    key = _start_key(backbone, device)
    stored = profile_store.read(home, key) or {"seconds": []}
    profile_store.write(home, key, {"seconds": [*stored["seconds"], seconds][-CORRECTING_RUNS:]})


def learned_start_seconds(home: Home, backbone: str, device: torch.device) -> float | None:
    """The median of the last runs' `record_start`; None before there is any."""
    stored = profile_store.read(home, _start_key(backbone, device))
    return median(stored["seconds"]) if stored else None


def _start_key(backbone: str, device: torch.device | str) -> str:
    return profile_store.key_of("start", backbone, device)


def record_max_micro_batch(home: Home, plan: Plan, device: torch.device, micro_batch_size: int) -> None:
    """Note that a training step of this plan ran out of memory until its micro-batches were no larger than this."""
    known = max_micro_batch(home, plan, device)
    smallest = micro_batch_size if known is None else min(known, micro_batch_size)
    profile_store.write(home, _micro_batch_key(plan, device), {"photos": smallest})


def max_micro_batch(home: Home, plan: Plan, device: torch.device) -> int | None:
    """The largest micro-batch that fitted the memory, in photos; None when it never ran out."""
    stored = profile_store.read(home, _micro_batch_key(plan, device))
    return stored["photos"] if stored else None


def _micro_batch_key(plan: Plan, device: torch.device) -> str:
    what = (plan.backbone.name, plan.image_size, plan.precision, plan.first_trainable_stage)
    teacher = (plan.teacher.model_dump_json(),) if plan.teacher else ()  # it takes its part of the memory
    target = ("target",) if plan.target else ()  # a step holds as many photos of it, too
    return profile_store.key_of("micro-batch", *what, device, *teacher, *target)


def timed_model(home: Home, plan: Plan) -> tuple[TrainedModel, float]:
    """A model of the plan with random weights, and the seconds that building it took."""
    started = time.perf_counter()
    return random_model(home, plan), time.perf_counter() - started


def _measure(
    home: Home, plan: Plan, model: TrainedModel, start_seconds: float, compute_config: ComputeConfig
) -> CostProfile:
    with restored_threads():
        compute_config.use_threads()
        costs = _measure_network(plan, model, start_seconds, compute_config)
    per_checkpoint, per_byte = benchmarks.save_seconds(home.activations.parent)
    return replace(costs, save_seconds=per_checkpoint, save_seconds_per_byte=per_byte)


def _measure_network(
    plan: Plan, model: TrainedModel, start_seconds: float, compute_config: ComputeConfig
) -> CostProfile:
    setup = benchmarks.set_up(model, plan, compute_config)
    prefix, suffix = _seconds_by_cut(setup)
    saved, handed_on = benchmarks.stage_bytes(setup)
    stages = len(model.stages)
    return CostProfile(
        prefix_seconds=prefix,
        suffix_seconds=suffix,
        step_bytes=tuple(sum(saved[k:]) + max(handed_on) for k in range(stages + 1)),
        cached_bytes=(3.0 * 4 * plan.image_size**2, *handed_on[:-1], 4.0 * model.num_features),
        parameters=tuple(stage.parameters for stage in model.stages),
        forward_bytes=benchmarks.forward_bytes(setup),
        augment_seconds=benchmarks.augment_seconds(plan, compute_config),
        step_seconds=STEP_OVERHEAD_SECONDS,
        start_seconds=start_seconds,
    )


def _seconds_by_cut(setup: BenchmarkSetup) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per image, for the cut before each stage and before the head: (prefix forward, suffix training step).

    A forward pass, a fused one, and the training steps of all stages, of the last one and of the heads alone are
    measured. For the cuts in between, the backward pass of a stage is assumed to cost as many times its forward pass as
    it does in the whole network.
    """
    model, stages = setup.model, len(setup.model.stages)
    forward, fused = benchmarks.forward_seconds(setup), benchmarks.fused_forward_seconds(setup)
    fractions = benchmarks.stage_time_fractions(setup)
    update = benchmarks.update_seconds(setup) / setup.plan.batch_size
    all_stages, last_stage = benchmarks.step_seconds(setup, 0), benchmarks.step_seconds(setup, stages - 1)
    prefix = [fused * sum(fractions[:k]) for k in range(stages + 1)]
    head = benchmarks.head_seconds(setup)
    parameters = [stage.parameters for stage in model.stages]

    def suffix(k: int) -> float:
        if k == stages:
            step = head
        elif k == stages - 1:
            step = max(last_stage - forward * sum(fractions[:k]), head)
        else:
            step = head + max(all_stages - head, 0.0) * sum(fractions[k:])
        return step + update * sum(parameters[k:]) / max(sum(parameters), 1)

    return tuple(prefix), tuple(suffix(k) for k in range(stages + 1))
