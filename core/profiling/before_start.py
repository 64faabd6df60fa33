"""The estimate for who starts a run at once and waits: in about a second, whatever was measured here before."""

from contextlib import suppress
from dataclasses import replace

from core.activations import cached_stages
from core.backbones import get_card
from core.datasets import Dataset, has_pixels, load_dataset
from core.device import default_compute_config, resolve_device, restored_threads
from core.errors import NotFound
from core.home import Home
from core.job import target_rows
from core.plans import Plan
from core.profiling import benchmarks
from core.profiling.cost_profile import (
    correction,
    decode_seconds,
    known_cost_profile,
    learned_start_seconds,
    max_micro_batch,
    profile_costs,
    timed_model,
    with_teacher,
)
from core.profiling.estimate import CostProfile, Counts, Estimate, MachineState, estimate

BACKWARD_PASSES = 2  # a backward pass takes about as long as two forward passes


def estimate_before_start(home: Home, plan: Plan, dataset: Dataset, head_size: int) -> Estimate:
    """What a run will take, from the costs that are known here; without any, from a single forward pass.

    dataset: the version that the plan names. Raises what `profile_costs` and `with_teacher` do; those are asked only
    where the plan has a teacher.
    """
    device, card = resolve_device(plan.device), get_card(plan.backbone.name)
    if plan.teacher:
        costs = with_teacher(home, plan, profile_costs(home, plan, card, device), device)
    else:
        costs = known_cost_profile(home, plan, card, device) or _rough_costs(home, plan)
        costs = replace(costs, decode_seconds=decode_seconds(home, plan), correction=correction(home, plan, device))
    return estimate(plan, count_all(home, plan, dataset), costs, head_size, machine_state(home, plan, dataset))


def count_all(home: Home, plan: Plan, dataset: Dataset) -> Counts:
    """The photos of a plan, labelled or not. dataset: the version that the plan names."""
    target = 0
    if plan.target:
        with suppress(NotFound):  # which is said where the plan is started
            target = len(target_rows(load_dataset(home, plan.target.id, plan.target.version)))
    return Counts(len(dataset.indices("train")), len(dataset.indices("validation")), target)


def machine_state(home: Home, plan: Plan, dataset: Dataset) -> MachineState:
    """What is known of this machine before a run of this plan. dataset: the version that the plan names."""
    device = resolve_device(plan.device)
    return MachineState(
        decoded=has_pixels(home, dataset, plan.image_size),
        micro_batch_size=max_micro_batch(home, plan, device),
        cached_stages=cached_stages(home, plan, device),
        start_seconds=learned_start_seconds(home, plan.backbone.name, device),
    )


def _rough_costs(home: Home, plan: Plan) -> CostProfile:
    """Seconds alone, without bytes, from a forward pass on the device's default configuration."""
    device = resolve_device(plan.device)
    model, start_seconds = timed_model(home, plan)
    with restored_threads():
        config = default_compute_config(model.backbone, device, plan.precision)
        setup = benchmarks.set_up(model, plan, config, len(model.stages))
        forward = benchmarks.forward_seconds(setup, benchmarks.SINGLE_RUN)
        fractions = benchmarks.stage_time_fractions(setup)
        head = benchmarks.head_seconds(setup)
    stages = len(model.stages)
    per_checkpoint, per_byte = benchmarks.save_seconds(home.activations.parent)
    return CostProfile(
        prefix_seconds=tuple(forward * sum(fractions[:k]) for k in range(stages + 1)),
        suffix_seconds=tuple(head + (1 + BACKWARD_PASSES) * forward * sum(fractions[k:]) for k in range(stages + 1)),
        step_bytes=(0.0,) * (stages + 1),
        cached_bytes=(0.0,) * (stages + 1),
        parameters=tuple(stage.parameters for stage in model.stages),
        start_seconds=start_seconds,
        save_seconds=per_checkpoint,
        save_seconds_per_byte=per_byte,
    )
