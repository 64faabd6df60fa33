"""Set a run up before its first step: photos, context, model, and the state of its newest checkpoint."""

from collections.abc import Generator
from dataclasses import replace

import torch
from torch import nn

from core.activations import cache_pixels_on_gpu
from core.backbones import get_card
from core.datasets import PixelStore, has_pixels, open_pixels
from core.device import (
    ComputeConfig,
    compute_config_from,
    default_compute_config,
    max_micro_batch_in_memory,
    resolve_device,
    start_device,
)
from core.distillation import DISTILLATION, distillation_heads, projection_heads_for
from core.errors import BadPlan
from core.evaluation import empty_history
from core.home import Home, no_room_is_disk_full
from core.job import Event, Job, Prepared, Role, TrainingContext, Warned, build_context, resolve_tasks
from core.models import (
    InitialWeights,
    ModelEma,
    TrainedModel,
    create_model,
    create_optimizer,
    save_frozen,
    saved_compute_config,
    split_frozen_names,
    trains_batch_norm,
)
from core.objectives import make_auxiliary
from core.plans import Plan
from core.profiling import first_choices, known_cost_profile, max_micro_batch, remember_choice
from core.training.checkpointer import Checkpointer
from core.training.checkpoints import resume
from core.training.state import TrainingState

_MICRO_BATCH_SIZE = "micro_batch_size"


def setup_training(
    job: Job, compute_config: ComputeConfig | None = None
) -> Generator[Event, None, tuple[TrainingContext, TrainingState, Checkpointer]]:
    """Everything that a run works with and everything that changes in it, as its newest checkpoint has it.

    compute_config: how to go on; None is as the run began. Raises GraftError for what a user can mend: photos, weights,
    device, disk.
    """
    context, model = yield from setup_model(job, compute_config)
    plan, device = job.plan, context.compute_config.device
    _check_batch_norm(model, plan, len(context.source.training))
    if plan.adaptive_batch_norm and not any(trains_batch_norm(model, phase) for phase in plan.phases):
        yield Warned("The stages that learn have no batch norm, so there are no statistics to adapt.")

    frozen, trainable = split_frozen_names(model, plan.phases)
    with no_room_is_disk_full(job.folder):
        job.folder.mkdir(parents=True, exist_ok=True)
    save_frozen(model, job.folder, frozen)
    state = fresh_state(context, model, trainable)
    warning = resume(state, job.folder, plan.hash)
    if warning:
        yield Warned(warning)
    if state.position.step == 0:
        yield from _limit_micro_batches(job, state)
        state.cached_views = _first_cached_views(job, device)
    if heads := distillation_heads(state.auxiliary):
        yield from heads.cache_teacher()
    return context, state, Checkpointer(job, trainable, state.best.epoch)


def setup_model(
    job: Job, compute_config: ComputeConfig | None = None, scratch: Home | None = None
) -> Generator[Event, None, tuple[TrainingContext, TrainedModel]]:
    """The photos and the model of a plan, as it is before its first step; writes nothing but decoded photos.

    compute_config: how to compute; None is as the run began. scratch: where decoded photos and activations go that are
    not there yet, in place of the job's home. Raises GraftError for what a user can mend: photos, weights, device.
    """
    plan, device = job.plan, resolve_device(job.plan.device)
    starting = start_device(device)
    stores: dict[Role, PixelStore] = {}
    for role, dataset in job.datasets.items():
        yield Prepared("decode", 0, len(dataset))
        home = job.home if scratch is None or has_pixels(job.home, dataset, plan.image_size) else scratch
        stores[role] = open_pixels(
            home, dataset, plan.image_size, lambda done, total, _: job.progress(Prepared("decode", done, total))
        )
        if stores[role].note:
            yield Warned(stores[role].note)
    yield Prepared("build", 0, 0)
    model = create_model(job.home, plan, resolve_tasks(plan, job.dataset))
    if starting and starting.is_alive():
        yield Prepared("start_device", 0, 0)
        starting.join()
    compute_config = compute_config or (yield from _compute_config(job, model, device))
    compute_config.use_threads()
    for role, dataset in job.datasets.items():
        stores[role] = yield from cache_pixels_on_gpu(stores[role], len(dataset), device)
    caching = replace(job, home=scratch) if scratch else job
    context = build_context(caching, get_card(plan.backbone.name), stores, compute_config, model.num_features)
    return context, model


def _compute_config(job: Job, model: TrainedModel, device: torch.device) -> Generator[Warned, None, ComputeConfig]:
    """The compute configuration of the checkpoint, else that of the job, else the default of the device."""
    facts, precision = saved_compute_config(job.folder), job.plan.precision
    saved = compute_config_from(facts, device) if facts else None
    if saved:
        return saved
    compute_config = job.compute_config or default_compute_config(model.backbone, device, precision)
    if precision not in ("auto", compute_config.precision):
        yield Warned(f"This machine does not compute in {precision}; the run goes on in 32 bits.")
    return compute_config


def fresh_state(context: TrainingContext, model: TrainedModel, trainable: list[str]) -> TrainingState:
    """A run before its first step. trainable: names of the tensors that change in at least one phase."""
    compute_config, decay = context.compute_config, context.plan.optimizer.ema_decay
    model = compute_config.move(model)
    needs_initial = any("initial_weights" in each.needs for each in context.plan.objectives)
    auxiliary = nn.ModuleDict(make_auxiliary(context.plan.objectives, context.objective_context))
    if projection_heads := projection_heads_for(context, model.num_features):
        auxiliary[DISTILLATION] = projection_heads
    auxiliary.to(compute_config.device)
    return TrainingState(
        model=model,
        optimizer=create_optimizer(model, context.plan.optimizer, compute_config.device, auxiliary),
        scaler=compute_config.scaler(),
        compute_config=compute_config,
        micro_batch_size=context.plan.batch_size,
        losses={task.name: empty_history() for task in context.tasks},
        ema=ModelEma(model, trainable, decay) if decay else None,
        initial_weights=InitialWeights(model, trainable) if needs_initial else None,
        auxiliary=auxiliary,
    )


def _limit_micro_batches(job: Job, state: TrainingState) -> Generator[Warned, None, None]:
    """Begin with micro-batches where an earlier run or the cost profile shows that memory does not hold a batch."""
    plan, device = job.plan, state.compute_config.device
    limit = max_micro_batch(job.home, plan, device) or plan.batch_size
    costs = known_cost_profile(job.home, plan, get_card(plan.backbone.name), device)
    if costs and device.type == "cpu":
        # A step holds as many photos of a target as of the source.
        step_bytes = len(job.datasets) * costs.step_bytes[plan.first_trainable_stage]
        # A GPU raises an error when its memory runs out; an operating system mostly kills the process that asked last.
        limit = min(limit, max_micro_batch_in_memory(step_bytes))
    first = first_choices(job.home, plan, device).get(_MICRO_BATCH_SIZE, plan.batch_size)
    state.micro_batch_size = min(plan.batch_size, max(limit, 2), first)
    remember_choice(job.home, plan, device, _MICRO_BATCH_SIZE, state.micro_batch_size)
    if state.micro_batch_size < plan.batch_size:
        reason = "does not hold" if limit < plan.batch_size else "did not hold, when this plan was first trained here,"
        yield Warned(
            f"The memory of this machine {reason} a step of {plan.batch_size} photos: it is computed "
            f"{state.micro_batch_size} photos at once, and still learns from all of them."
        )


def _first_cached_views(job: Job, device: torch.device) -> dict[int, int]:
    """By phase, how many views of a photo the plan was trained on when it was first trained here."""
    first = first_choices(job.home, job.plan, device)
    names = {number: _views_of_phase(number) for number in range(len(job.plan.phases))}
    return {number: first[name] for number, name in names.items() if name in first}


def remember_views(context: TrainingContext, phase: int, views: int) -> None:
    """Let later runs of the plan train on as many views of a photo in this phase, however much room there is then."""
    remember_choice(context.home, context.plan, context.compute_config.device, _views_of_phase(phase), views)


def _views_of_phase(phase: int) -> str:
    return f"cached_views of phase {phase}"


def _check_batch_norm(model: TrainedModel, plan: Plan, training_images: int) -> None:
    if min(plan.batch_size, training_images) == 1 and any(trains_batch_norm(model, phase) for phase in plan.phases):
        raise BadPlan(
            "Batches of one photo cannot teach this backbone: its batch norm compares the photos of a batch.",
            "Set the batch size to 2 or more, or freeze all stages.",
        )
