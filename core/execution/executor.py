"""Carry a run out: train, honour what its user asks, keep the best, and score it."""

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.backbones import get_card
from core.datasets import Dataset, load_dataset
from core.device import BUSY, Others, devices, release_memory, resolve_device, threads_given_back
from core.errors import DiskFull, GraftError, Refused, TooLittleMemory
from core.execution.disk_reserve import free_reserve, keep_reserve
from core.execution.estimate_feedback import EstimateFeedback
from core.execution.eta import Counts, ProgressMeter, estimated_phase_seconds
from core.execution.final_evaluation import evaluate_best
from core.execution.recorder import Recorder
from core.home import Home, no_room_is_disk_full
from core.job import Ended, EpochEnded, Event, Job, Prepared, ignore_event
from core.monitoring import hide
from core.plans import Plan, grows
from core.profiling import known_cost_profile, profile_costs, record_actual, trusted_cost_profile
from core.runs import Claim, Lease, LeaseLost, Outcome, Run, claim, folder_of, get_run, has_best, settle
from core.training import train

ASK_SECONDS = 0.2  # how often a paused run looks whether it may go on

STOPPED = Outcome("stopped", "Stopped; the best epoch is kept.")
STOPPED_EARLY = Outcome("stopped", "Stopped before an epoch had ended: there is no model to keep.")
CLOSED = Outcome("interrupted", "Graft was closed. The run goes on from here when it is resumed.")
NEVER_A_NUMBER = "The loss was no longer a number before an epoch had ended. Start again with smaller learning rates."
FINISHED = {  # by what the engine gives as the reason
    "finished": Outcome("finished", "Finished."),
    "early": Outcome("finished", "Finished early: it no longer got better."),
    "unstable": Outcome("finished", "Ended early: the loss was no longer a number. The best epoch before is kept."),
}

log = logging.getLogger("graft.runs")
OnEvent = Callable[[Event], None]


class _EndedHere(Exception):
    """A run is to end while something other than training goes on."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.sentence)
        self.outcome = outcome


def execute_run(
    home: Home, run_id: str, on_event: OnEvent = ignore_event, closing: threading.Event | None = None
) -> Run:
    """Carry one queued run out in this thread, to its end; gives it as it is then.

    closing: set it to end at the next step, resumably. Raises Refused while its device or the queue does not let it.
    """
    run = execute_if_due(home, run_id, on_event, closing)
    if run is None:
        raise Refused(f'"{get_run(home, run_id).name}" cannot begin now: it is not its turn, or it is over.')
    return run


def execute_if_due(
    home: Home, run_id: str, on_event: OnEvent = ignore_event, closing: threading.Event | None = None
) -> Run | None:
    """The same; None when it is not its turn, or another process has it."""
    mine = claim(home, run_id)
    return None if mine is None else execute_claimed(home, mine, on_event, closing or threading.Event())


def execute_claimed(home: Home, mine: Claim, on_event: OnEvent, closing: threading.Event) -> Run:
    """The same for a run that was claimed before. Whatever happens in it, the run has an outcome afterwards."""
    with Lease(home, mine):
        try:
            outcome = _outcome(home, mine, on_event, closing)
            _settle(home, mine, outcome)
        except LeaseLost:
            log.warning("run %s was taken over by another process", mine.run_id)
        finally:
            hide(home, mine.run_id)
            release_memory()
    return get_run(home, mine.run_id)


def _outcome(home: Home, mine: Claim, on_event: OnEvent, closing: threading.Event) -> Outcome:
    """How it ended. Raises LeaseLost, nothing else."""
    folder = folder_of(home, mine.run_id)
    try:
        with no_room_is_disk_full(home.db):
            keep_reserve(folder)
            return _carry(home, mine, on_event, closing)
    except LeaseLost:
        raise
    except GraftError as error:
        return Outcome("failed", str(error), str(error))
    except Exception as error:  # whatever a library may raise ends this run, and never the queue
        _write_log(folder, traceback.format_exc())
        sentence = f"Something in Graft went wrong: {_shortly(error)}. The file {folder / 'log.txt'} says more."
        return Outcome("failed", sentence, sentence)


def _carry(home: Home, mine: Claim, on_event: OnEvent, closing: threading.Event) -> Outcome:
    run = get_run(home, mine.run_id)
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    tasks = [dataset.task(name) for name in run.plan.tasks]
    photos = counts(run.plan, dataset)
    foretold, taken, others = _foretold(home, run, photos), _taken(home, run, photos), Others()
    meter = ProgressMeter(run.plan, photos, run.progress, foretold, taken=taken)
    with contextlib.closing(Recorder(home, mine, run, meter, tasks)) as recorder:
        decoding, scoring = (partial(_tell, recorder, closing, heeds_stop) for heeds_stop in (True, False))
        job = Job(run.plan, dataset, home, folder_of(home, run.id), decoding)
        try:
            outcome = _train(job, recorder, on_event, closing)
        except _EndedHere as ended:
            outcome = ended.outcome
        if taken and others.share() < BUSY:
            record_actual(home, run.plan, resolve_device(run.device), taken.foretold, taken.taken)
        if outcome.state == "interrupted":
            return outcome
        if not has_best(home, run.id):
            return _without_model(outcome)
        try:
            evaluate_best(job, scoring)
        except _EndedHere as ended:
            return ended.outcome
        return outcome


def _foretold(home: Home, run: Run, photos: Counts) -> tuple[float, ...] | None:
    """What a later phase takes, or larger photos, nobody has seen yet: measured, unless it was before (seconds)."""
    if len(run.plan.phases) == 1 and not grows(run.plan, run.plan.phases[0]):
        return None
    what = home, run.plan, get_card(run.plan.backbone.name), resolve_device(run.device)
    try:
        return estimated_phase_seconds(run.plan, photos, known_cost_profile(*what) or profile_costs(*what))
    except TooLittleMemory:  # the run itself computes in smaller parts
        return None


def _taken(home: Home, run: Run, photos: Counts) -> EstimateFeedback | None:
    """Nothing is learned from a run for which nothing was foretold, nor on a device that this machine lacks."""
    if run.device not in [device.name for device in devices()]:
        return None
    known = trusted_cost_profile(home, run.plan, get_card(run.plan.backbone.name), resolve_device(run.device))
    return EstimateFeedback(run.plan, photos, known, run.progress.step) if known else None


def _tell(recorder: Recorder, closing: threading.Event, heeds_stop: bool, event: Prepared) -> None:
    """Say how far something other than training is. Raises _EndedHere when it is not wanted any more."""
    recorder.show_activity(event)
    if closing.is_set():
        raise _EndedHere(CLOSED)
    if heeds_stop and recorder.requested_action == "stop":
        raise _EndedHere(STOPPED)


def _train(job: Job, recorder: Recorder, on_event: OnEvent, closing: threading.Event) -> Outcome:
    """Iterate the engine until it ends, or until it is asked to."""
    if recorder.requested_action == "stop":  # stopped while it waited to be resumed: only its best is scored
        return STOPPED
    reason = ""
    # Closing the generator makes the engine write a checkpoint of the step at which it stands.
    with threads_given_back(), contextlib.closing(train(job)) as events:  # type: ignore[type-var]
        for event in events:
            recorder.take(event)
            on_event(event)
            if isinstance(event, Ended):
                reason = event.reason
            elif isinstance(event, EpochEnded):
                continue  # the engine now keeps this epoch's model if it is the best: do not come between
            if recorder.requested_action == "pause":
                _wait_while_paused(recorder, closing)
            if recorder.requested_action == "stop":
                return STOPPED
            if closing.is_set():
                return CLOSED
    return FINISHED[reason]


def _wait_while_paused(recorder: Recorder, closing: threading.Event) -> None:
    """Not asking for the next event is all that a pause is. The device stays with the run."""
    began = time.monotonic()
    recorder.become("paused", "Paused.")
    while recorder.requested_action == "pause" and not closing.wait(ASK_SECONDS):
        recorder.flush()
    recorder.held(time.monotonic() - began)
    if recorder.requested_action == "" and not closing.is_set():
        recorder.become("running", "Goes on.")


def _without_model(outcome: Outcome) -> Outcome:
    return STOPPED_EARLY if outcome.state == "stopped" else Outcome("failed", NEVER_A_NUMBER, NEVER_A_NUMBER)


def counts(plan: Plan, dataset: Dataset) -> Counts:
    tasks = [dataset.task(name) for name in plan.tasks]
    training, validation = (len(dataset.labelled_rows(tasks, split)) for split in ("train", "validation"))
    return Counts(training, validation)


def _settle(home: Home, mine: Claim, outcome: Outcome) -> None:
    folder = folder_of(home, mine.run_id)
    try:
        settle(home, mine, outcome)
    except DiskFull:
        free_reserve(folder)
        settle(home, mine, outcome)
    free_reserve(folder)


def _write_log(folder: Path, text: str) -> None:
    log.error("run %s failed\n%s", folder.name, text)
    with contextlib.suppress(OSError), (folder / "log.txt").open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")


def _shortly(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0]}".rstrip(". ") if first else type(error).__name__
