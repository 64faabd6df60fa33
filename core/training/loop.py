"""The engine. `train` is a generator of events: whoever iterates it owns the time, the engine owns the learning.

    for event in train(job):
        show(event)               # pause: do not ask for the next event
        if enough: break          # stop: close the generator; it saves where it stands

It never sleeps, prints or knows threads. What it does between two events is whole: closed at any event, it resumes from
there, and ends with the same bits as a run that was never stopped.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.activations import FeaturePipeline, build_pipeline
from core.job import Ended, EpochEnded, Event, Job, PhaseBegan, Stepped, epoch_batches, phase_at, phase_rates, rates_at
from core.models import set_learning_rates, set_trainable
from core.training.metric_readback import DeferredMetrics, Reading
from core.training.setup import prepare
from core.training.state import TrainingState, over
from core.training.step import train_step
from core.training.validation import judge, mean_loss, scores_of

_SENTENCES = {
    "finished": "All epochs are done.",
    "early": "Stopped early: the validation loss had not improved for {patience} epochs.",
    "unstable": "The loss is no longer a number, so the learning rate is too high. Try a tenth of it.",
}


def train(job: Job) -> Iterator[Event]:
    """Carry out a plan, from the newest checkpoint in `job.folder` if there is one. The last event is Ended.

    A checkpoint is written at each epoch's end, every minute, and when the generator is closed. EpochEnded comes before
    its epoch's checkpoint, so whoever writes it down at once never misses one. Raises GraftError for what a user can
    mend.
    """
    plan = job.plan
    context, state, checkpointer = yield from prepare(job)
    model, at = state.model, state.position
    path: FeaturePipeline | None = None
    readings = DeferredMetrics(context.compute_config.device)
    try:
        while not (reason := over(state, plan)):
            now = phase_at(plan, at.epoch)
            if at.epoch == now.first_epoch and at.batch == 0:
                rates = phase_rates(now.phase, model.stages)
                yield PhaseBegan(now.number, now.phase.name, at.epoch + 1, now.phase.epochs, rates)
            context.compute_config.use_threads()
            if path is None or path.now != now:
                path = path if path and path.serves(now) else None  # what it kept makes room before more is kept
                path = yield from build_pipeline(context, model, now, state.cached_views.get(now.number), before=path)
                state.cached_views[now.number] = path.views
            path = yield from path.for_epoch(at.epoch)
            if path.is_head_only:
                context.compute_config.use_one_thread()
            set_trainable(model, now.phase)
            batches = epoch_batches(context.training, plan.batch_size, plan.seed, at.epoch)
            for rows in batches[at.batch :]:
                began = time.perf_counter()
                step = (at.epoch - now.first_epoch) * len(batches) + at.batch
                rates = rates_at(now.phase, model.stages, step, len(batches))
                set_learning_rates(state.optimizer, rates)
                numbers = yield from train_step(context, state, path, rows)
                state.follow_weights()
                at.move(len(rows), time.perf_counter() - began)
                said = Stepped(at.step, at.epoch + 1, now.number, at.images, math.nan, None, rates)
                yield from _said(readings.add(said, numbers))
                if checkpointer.is_due():
                    yield from _said(readings.rest())
                    yield checkpointer.save(state)
            yield from _said(readings.rest())

            with state.best_weights():
                judged = yield from judge(context, path)
            scores, state.losses = scores_of(*judged, state.losses, plan.epochs)
            _check_finite(mean_loss(scores))
            speed, seconds = at.images / at.seconds, at.seconds
            is_best = state.close_epoch(scores, mean_loss(scores))
            yield EpochEnded(at.epoch, now.number, at.step, scores, speed, seconds, is_best)
            yield checkpointer.save(state)
    except GeneratorExit:
        if all(math.isfinite(loss) for _, (loss, *_) in readings.rest()):
            checkpointer.save(state)
        raise
    except Unstable:
        reason = "unstable"  # no checkpoint of this: last/ and best/ are from when it still went well
    finally:
        context.compute_config.use_threads()
    yield _ended(reason, job, state)


class Unstable(Exception):
    """The loss is not finite."""


def _said(read: Iterable[Reading]) -> Iterator[Stepped]:
    """The steps whose numbers have been read. Raises Unstable when a loss is not finite."""
    for said, (loss, right, labelled) in read:
        _check_finite(loss)
        yield replace(said, loss=loss, accuracy=right / labelled if labelled else None)


def _check_finite(loss: float) -> None:
    if not math.isfinite(loss):
        raise Unstable


def _ended(reason: str, job: Job, state: TrainingState) -> Ended:
    patience = job.plan.early_stopping.patience if job.plan.early_stopping else 0
    best = {"best_epoch": state.best.epoch, "best_validation_loss": state.best.loss} if state.best.epoch else {}
    return Ended(reason, state.position.epoch, state.position.step, _SENTENCES[reason].format(patience=patience), best)
