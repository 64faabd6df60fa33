"""The learning rate range test: the plan's own training steps, at a rate that rises with each of them.

    for event in try_rates(job, "stages"):
        show(event)               # a RateTried for each step; the last one with it is all that the test leaves behind

Nothing of it stays: model and optimizer are its own, random numbers have their own generators, and what is computed on
the way (decoded photos, activations) lies in a folder that is deleted at the end.
"""

import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.activations import FeaturePipeline, build_pipeline
from core.device import restored_threads
from core.evaluation import has_diverged, rates_to_try
from core.home import Home, open_home
from core.job import Batch, Event, Job, PhasePosition, TrainingContext, base_learning_rates, epoch_batches, phase_at
from core.models import set_trainable, split_frozen_names
from core.plans import RateGroup, plan_to_try, top_rate
from core.profiling import max_micro_batch
from core.training.head_fit import fit_epoch, is_fitted, prepare_head_fit
from core.training.setup import fresh_state, setup_model
from core.training.state import TrainingState
from core.training.step import train_batch

RATE_STEPS = 100
LOWEST_RATE, HIGHEST_RATE = {"adamw": 1e-6, "sgd": 1e-5}, {"adamw": 1.0, "sgd": 10.0}
FIT_ROUNDS = 20  # of a head before the stages are freed


@dataclass(frozen=True)
class RateTried:
    """A step was taken. step: from 1, of at most `steps`. loss: of its batch, before it."""

    step: int
    steps: int
    rate: float
    loss: float


def try_rates(job: Job, group: RateGroup, steps: int = RATE_STEPS) -> Generator[Event | RateTried, None, None]:
    """Take steps at rates from too low to too high, until the loss goes up. Raises what `train` raises.

    job: its folder is not used. steps: at most.
    """
    with TemporaryDirectory(prefix="graft-", ignore_cleanup_errors=True) as folder, restored_threads():
        plan = plan_to_try(job.plan, group)
        of_test = replace(job, plan=plan, folder=Path(folder) / "run")
        context, state = yield from _set_up(of_test, open_home(Path(folder) / "home"), steps)
        pipeline: FeaturePipeline | None = None
        for position in _positions(context):
            # A new view of each photo in each epoch: caching shared ones first would take longer than the test.
            pipeline = yield from build_pipeline(context, state.model, position, position.phase.epochs, previous=None)
            if position.phase is not plan.phases[-1] and is_fitted(context, pipeline):
                fit = yield from prepare_head_fit(context, state, pipeline)
                for _ in range(FIT_ROUNDS):
                    fit_epoch(context, state.model, fit)
        assert pipeline
        yield from _rising_steps(context, state, pipeline, steps)


def _rising_steps(
    context: TrainingContext, state: TrainingState, pipeline: FeaturePipeline, steps: int
) -> Iterator[Event | RateTried]:
    kind, phase = context.plan.optimizer.kind, pipeline.phase_position.phase
    rates, losses = rates_to_try(LOWEST_RATE[kind], HIGHEST_RATE[kind], steps), list[float]()
    base = base_learning_rates(phase, state.model.stages)
    set_trainable(state.model, phase)
    state.position.epoch = pipeline.phase_position.first_epoch
    for rate, batch in zip(rates, _batches(context, state), strict=False):
        of_stages = {name: each * rate / top_rate(phase) for name, each in base.items()}
        loss = (yield from train_batch(context, state, pipeline, batch, of_stages))[0].item()
        state.position.advance(len(batch["source"]), 0.0)
        if not math.isfinite(loss):
            return
        losses.append(loss)
        yield RateTried(len(losses), steps, rate, loss)
        if has_diverged(losses):
            return


def _batches(context: TrainingContext, state: TrainingState) -> Iterator[Batch]:
    """Those of one epoch after another, without end."""
    plan = context.plan
    while True:
        yield from epoch_batches(
            context.training_rows, plan.batch_size, plan.seed, state.position.epoch, context.sampling_strata
        )
        state.position.end_epoch()


def _set_up(job: Job, scratch: Home, steps: int) -> Generator[Event, None, tuple[TrainingContext, TrainingState]]:
    context, model = yield from setup_model(job, scratch=scratch)
    context = _with_fewer_photos(context, steps * job.plan.batch_size)
    state = fresh_state(context, model, split_frozen_names(model, job.plan.phases)[1])
    fits = max_micro_batch(job.home, job.plan, context.compute_config.device)
    state.micro_batch_size = min(job.plan.batch_size, fits or job.plan.batch_size)
    return context, state


def _with_fewer_photos(context: TrainingContext, most: int) -> TrainingContext:
    """With no more training photos than the test can see, drawn at random, and hardly any to validate on."""
    source = context.source
    rows = np.random.default_rng(context.plan.seed).permutation(source.training)[:most]
    fewer = replace(source, training=np.sort(rows), validation=source.validation[:1], clean=source.clean[:1])
    return replace(context, sources={**context.sources, "source": fewer})


def _positions(context: TrainingContext) -> Iterator[PhasePosition]:
    """Of the plan's phases, in order."""
    first = itertools.accumulate((phase.epochs for phase in context.plan.phases[:-1]), initial=0)
    return (phase_at(context.plan, epoch) for epoch in first)
