"""The training loop: a generator of events. Whoever iterates it owns the time.

    for event in train(job):
        show(event)               # to pause, do not ask for the next event
        if enough: break          # to stop, close the generator; it saves a checkpoint

It never sleeps, prints or knows threads. Closed at any event, a run resumes from there and ends with the same bits as
a run that was never stopped.
"""

import math
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace

from torch import Tensor

from core.activations import FeaturePipeline, build_pipeline
from core.device import ComputeConfig, deterministic_algorithms
from core.job import (
    Ended,
    EpochEnded,
    Event,
    HeadsTried,
    Job,
    Noted,
    PhaseBegan,
    PhasePosition,
    Stepped,
    TrainingContext,
    Warned,
    base_learning_rates,
    epoch_batches,
    learning_rates_at,
    phase_at,
    steps_per_epoch,
)
from core.models import load_tensors, set_trainable
from core.objectives import BatchOutput
from core.plans import is_simple, task_weights
from core.training.batch_norm import adapt_batch_norm
from core.training.checkpointer import Checkpointer
from core.training.head_fit import HeadFit, fit_epoch, is_fitted, prepare_head_fit
from core.training.head_trial import try_heads
from core.training.setup import remember_views, setup_training
from core.training.simple_heads import fit_simple_heads
from core.training.soup import keep_ingredient, make_soup, own_weights_afterwards, soup_in_words
from core.training.state import TrainingState, stop_reason
from core.training.step import DeferredMetrics, Reading, batch_metrics, train_batch, values_by_curve
from core.training.validation import (
    epoch_scores_by_task,
    evaluate,
    evaluate_target,
    mean_validation_loss,
    selection_metric,
)

_SENTENCES = {
    "finished": "All epochs are done.",
    "early": "Stopped early: {measure} had not improved for {patience} epochs.",
    "unstable": "The loss is no longer a number, so the learning rate is too high. Try a tenth of it.",
}


class Unstable(Exception):
    """The loss is not finite."""


def train(job: Job) -> Iterator[Event]:
    """Train as the plan says, from the newest checkpoint in `job.folder` if there is one. The last event is Ended.

    Checkpoints are written while training goes on, at the ends of epochs as often as that costs little, and every
    minute; Checkpointed says that one is on the disk. EpochEnded comes before the checkpoint of its epoch, so that who
    records it at once never misses one. At Ended, or when the generator was closed, everything is on the disk.

    Where the loss is not finite in 16 bits, training goes back to the newest checkpoint and on in 32 bits; steps then
    come again. Raises GraftError for what a user can mend.
    """
    reason, state = yield from _train_from_checkpoint(job)
    if reason == "unstable" and state.compute_config.is_16_bit:
        in_32_bits = state.compute_config.in_32_bits()
        del state  # its memory is needed anew
        yield Warned("In 16 bits the loss was no longer a number; the run goes on from its last checkpoint in 32 bits.")
        reason, state = yield from _train_from_checkpoint(job, in_32_bits)
    yield _ended(reason, job, state)


def _train_from_checkpoint(
    job: Job, compute_config: ComputeConfig | None = None
) -> Generator[Event, None, tuple[str, TrainingState]]:
    """Train from the newest checkpoint, if any, until there is a reason to stop.

    compute_config: how to go on; None is as the run began.
    """
    context, state, checkpointer = yield from setup_training(job, compute_config)
    metrics = DeferredMetrics(context.compute_config.device)
    try:
        with deterministic_algorithms() if job.plan.repeatable else nullcontext():
            reason = yield from _train_epochs(context, state, checkpointer, metrics)
        yield from checkpointer.save(state)
    except GeneratorExit:
        if all(math.isfinite(loss) for _, (loss, *_) in metrics.flush()):
            list(checkpointer.save(state))
        raise
    except Unstable:
        reason = "unstable"  # no checkpoint of this state: last/ and best/ are of finite losses
    finally:
        checkpointer.close()
        context.compute_config.use_threads()
    return reason, state


def _train_epochs(
    context: TrainingContext, state: TrainingState, checkpointer: Checkpointer, metrics: DeferredMetrics
) -> Generator[Event, None, str]:
    """Train until there is a reason to stop. Raises Unstable."""
    plan, compute_config, model, position = context.plan, context.compute_config, state.model, state.position
    pipeline: FeaturePipeline | None = None
    fit: HeadFit | None = None
    while not (reason := stop_reason(state, plan)):
        current = phase_at(plan, position.epoch)
        if position.epoch == current.first_epoch and position.batch == 0:
            rates = base_learning_rates(current.phase, model.stages)
            yield PhaseBegan(current.number, current.phase.name, position.epoch + 1, current.phase.epochs, rates)
        compute_config.use_threads()
        if pipeline is None or pipeline.phase_position != current:
            if pipeline and not pipeline.is_reusable_in(current):
                pipeline = None  # frees its cache before the next is built
            pipeline, fit = (yield from _begin_pipeline(context, state, current, pipeline)), None
            state.ingredients = [each for each in state.ingredients if each.epoch > current.first_epoch]
        pipeline = yield from pipeline.with_epoch_cache(position.epoch)
        if pipeline.is_head_only:
            compute_config.use_one_thread()
        set_trainable(model, current.phase)

        if is_simple(plan.head.kind):
            yield from _fit_simple_heads(context, state, metrics, pipeline)
        elif is_fitted(context, pipeline):
            fit = fit or (yield from prepare_head_fit(context, state, pipeline))
            yield from _fit_heads(context, state, metrics, pipeline, fit)
        else:
            yield from _train_steps(context, state, checkpointer, metrics, pipeline)

        if plan.adaptive_batch_norm:
            yield from adapt_batch_norm(context, pipeline, state.micro_batch_size)
        with state.evaluated_weights():
            validation, clean = yield from evaluate(context, pipeline)
            target = yield from evaluate_target(context, pipeline)
        scores, state.losses = epoch_scores_by_task(validation, clean, state.losses, plan.epochs)
        validation_loss = mean_validation_loss(scores, task_weights(plan))
        _check_finite(validation_loss)
        images_per_second, seconds = position.images / position.seconds, position.seconds
        is_best = state.end_epoch(scores, selection_metric(validation_loss, target))
        if plan.soup:
            state.ingredients = keep_ingredient(
                state.ingredients, plan.soup, model, current.phase, position.epoch, validation_loss
            )
        yield EpochEnded(
            position.epoch, current.number, position.step, scores, images_per_second, seconds, is_best, target
        )
        checkpointer.end_epoch(state)
    if state.ingredients:
        yield from _replace_best_by_soup(context, state, checkpointer, pipeline)
    if pipeline and (trials := try_heads(context, pipeline)):
        yield HeadsTried(trials)
    return reason


def _begin_pipeline(
    context: TrainingContext, state: TrainingState, position: PhasePosition, previous: FeaturePipeline | None
) -> Generator[Event, None, FeaturePipeline]:
    """The pipeline of a phase, on as many views of a photo as were decided before, or are now."""
    views = state.cached_views.get(position.number)
    pipeline = yield from build_pipeline(context, state.model, position, views, previous=previous)
    state.cached_views[position.number] = pipeline.views
    remember_views(context, position.number, pipeline.views)
    return pipeline


def _replace_best_by_soup(
    context: TrainingContext, state: TrainingState, checkpointer: Checkpointer, pipeline: FeaturePipeline | None
) -> Iterator[Event]:
    """After the last epoch: put the soup of the best ones in the place of the best, where it is better by validation.

    pipeline: of the last epoch; None where a resumed run had only this left to do.
    """
    yield from checkpointer.save(state)  # from there a run goes on that is killed before all of this is on the disk
    epoch = state.position.epoch - 1
    pipeline = pipeline or (yield from _begin_pipeline(context, state, phase_at(context.plan, epoch), None))
    soup = yield from make_soup(context, state, (yield from pipeline.with_epoch_cache(epoch)))
    yield Noted(soup_in_words(soup, state.best.epoch, state.best.loss))
    state.ingredients = []
    if soup and soup.loss < state.best.loss:
        state.best.soup = list(soup.epochs)
        with own_weights_afterwards(state.model, soup.tensors):
            load_tensors(state.model, soup.tensors)
            yield from checkpointer.save_best(state)
    yield from checkpointer.save_again(state)


def _train_steps(
    context: TrainingContext,
    state: TrainingState,
    checkpointer: Checkpointer,
    metrics: DeferredMetrics,
    pipeline: FeaturePipeline,
) -> Iterator[Event]:
    """Train the rest of an epoch, a step of the optimizer per batch. Raises Unstable."""
    plan, model, position = context.plan, state.model, state.position
    current = pipeline.phase_position
    rows, strata = context.training_rows, context.sampling_strata
    batches = epoch_batches(rows, plan.batch_size, plan.seed, position.epoch, strata)
    for batch in batches[position.batch :]:
        started, images = time.perf_counter(), len(batch["source"])
        phase_step = (position.epoch - current.first_epoch) * len(batches) + position.batch
        rates = learning_rates_at(current.phase, model.stages, phase_step, len(batches))
        sums = yield from train_batch(context, state, pipeline, batch, rates)
        position.advance(images, time.perf_counter() - started)
        step = Stepped(position.step, position.epoch + 1, current.number, position.images, math.nan, None, rates)
        yield from _arrived(context, metrics.push(step, sums))
        yield from checkpointer.written()
        if checkpointer.is_due():
            yield from _arrived(context, metrics.flush())
            checkpointer.begin(state)
    yield from _arrived(context, metrics.flush())


def _fit_heads(
    context: TrainingContext, state: TrainingState, metrics: DeferredMetrics, pipeline: FeaturePipeline, fit: HeadFit
) -> Iterator[Event]:
    """Improve the heads on all photos at once. It counts as the steps that an epoch has elsewhere, so that epochs are
    alike. Raises Unstable.
    """
    if state.position.batch:  # the run was stopped between this and the evaluation
        return
    started = time.perf_counter()
    terms, output = fit_epoch(context, state.model, fit)
    yield from _heads_fitted(context, state, metrics, pipeline, terms, output, time.perf_counter() - started)


def _fit_simple_heads(
    context: TrainingContext, state: TrainingState, metrics: DeferredMetrics, pipeline: FeaturePipeline
) -> Iterator[Event]:
    """Compute simple heads from all photos, and count it as the steps of an epoch. Raises Unstable."""
    if state.position.batch:  # as above
        return
    started = time.perf_counter()
    terms, output = yield from fit_simple_heads(context, pipeline)
    yield from _heads_fitted(context, state, metrics, pipeline, terms, output, time.perf_counter() - started)


def _heads_fitted(
    context: TrainingContext,
    state: TrainingState,
    metrics: DeferredMetrics,
    pipeline: FeaturePipeline,
    terms: Tensor,
    output: BatchOutput,
    seconds: float,
) -> Iterator[Event]:
    """Count an epoch of heads that were fitted in so many seconds. terms, output: loss and outputs of all photos."""
    position, photos = state.position, len(output.features)
    is_whole_loss = len(terms) == len(context.loss.terms)
    reports = context.loss.reports(output, terms, 1.0) if is_whole_loss else []
    reading = batch_metrics(terms.sum(), output, context.tasks, reports)
    position.advance(photos, seconds, steps_per_epoch(photos, context.plan.batch_size))
    number = pipeline.phase_position.number
    step = Stepped(position.step, position.epoch + 1, number, position.images, math.nan, None, {})
    yield from _arrived(context, [*metrics.push(step, reading), *metrics.flush()])


def _arrived(context: TrainingContext, readings: Iterable[Reading]) -> Iterator[Stepped]:
    """Events of the steps whose metrics have arrived. Raises Unstable when a loss is not finite."""
    for step, (loss, correct, labelled, *values) in readings:
        _check_finite(loss)
        reports = values_by_curve(context.tasks, context.plan.objectives, values)
        yield replace(step, loss=loss, accuracy=correct / labelled if labelled else None, reports=reports)


def _check_finite(loss: float) -> None:
    if not math.isfinite(loss):
        raise Unstable


def _ended(reason: str, job: Job, state: TrainingState) -> Ended:
    patience = job.plan.early_stopping.patience if job.plan.early_stopping else 0
    measure = "how clear the answers in the other place are" if job.plan.target else "the validation loss"
    sentence = _SENTENCES[reason].format(patience=patience, measure=measure)
    facts: dict[str, float] = {"best_epoch": state.best.epoch} if state.best.epoch else {}
    if facts and not job.plan.target:
        facts["best_validation_loss"] = state.best.loss
    return Ended(reason, state.position.epoch, state.position.step, sentence, facts)
