"""Carry a claimed run out: train, honour what its user asks, keep the best epoch, and evaluate it."""

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from core.backbones import get_card
from core.datasets import Dataset
from core.device import BUSY, OtherLoad, devices, release_memory, resolve_device, restored_threads
from core.errors import DiskFull, GraftError, Refused, TooLittleMemory
from core.evaluation import save_trials
from core.execution.estimate_feedback import EstimateFeedback, StartFeedback
from core.execution.eta import ProgressMeter, RunClock, estimated_epoch_seconds
from core.execution.final_evaluation import evaluate_best
from core.execution.recorder import Recorder, free_disk_reserve, reserve_disk
from core.execution.sweeping import sweep
from core.home import Home, no_room_is_disk_full
from core.job import Ended, EpochEnded, Event, HeadsTried, Job, Prepared, Role, ignore_event, load_datasets, target_rows
from core.monitoring import unregister_live
from core.plans import Plan, resizes_progressively
from core.profiling import (
    Counts,
    autotune_job,
    known_cost_profile,
    profile_costs,
    record_actual,
    record_start,
    trusted_cost_profile,
)
from core.runs import (
    Claim,
    Lease,
    LeaseLost,
    RequestedAction,
    Run,
    RunOutcome,
    State,
    claim,
    get_run,
    has_best,
    release,
    run_folder,
    tidy_run,
)
from core.training import train

PAUSE_POLL_SECONDS = 0.2  # how often a paused run asks whether it may go on

STOPPED = RunOutcome("stopped", "Stopped; the best epoch is kept.")
STOPPED_EARLY = RunOutcome("stopped", "Stopped before an epoch had ended: there is no model to keep.")
CLOSED = RunOutcome("interrupted", "Graft was closed. The run goes on from here when it is resumed.")
NEVER_A_NUMBER = "The loss was no longer a number before an epoch had ended. Start again with smaller learning rates."
FINISHED = {  # by the engine's reason
    "finished": RunOutcome("finished", "Finished."),
    "early": RunOutcome("finished", "Finished early: it no longer got better."),
    "unstable": RunOutcome("finished", "Ended early: the loss was no longer a number. The best epoch before is kept."),
}

log = logging.getLogger("graft.runs")


class RunSink(Protocol):
    """Receives what happens to a run while it is carried out.

    requested_action: what the run's user asked for, as of the last write. Every method may raise LeaseLost when another
    process has the run by now, and DiskFull.
    """

    requested_action: RequestedAction

    def record(self, event: Event) -> None:
        """One event of the engine."""

    def show_activity(self, event: Prepared) -> None:
        """What takes its time before or after the engine's own events."""

    def set_state(self, state: State, sentence: str) -> None:
        """Running or paused."""

    def flush(self) -> None:
        """Write what is pending, and read `requested_action` again."""


class _RunEnds(Exception):
    """The run is to end while something other than a training step goes on."""

    def __init__(self, outcome: RunOutcome) -> None:
        super().__init__(outcome.sentence)
        self.outcome = outcome


def never() -> bool:
    """The `is_closing` of a run that nobody interrupts."""
    return False


def execute_run(
    home: Home,
    run_id: str,
    on_event: Callable[[Event], None] = ignore_event,
    is_closing: Callable[[], bool] = never,
) -> Run:
    """Claim a queued run and carry it out in this thread, to its end; gives it as it is then.

    is_closing: whether to end at the next step, resumably. Raises Refused while its device or the queue does not let it
    begin.
    """
    sweep(home)
    claimed = claim(home, run_id)
    if claimed is None:
        raise Refused(f'"{get_run(home, run_id).name}" cannot begin now: it is not its turn, or it is over.')
    return execute(home, claimed, on_event, is_closing)


def execute(
    home: Home,
    claimed: Claim,
    on_event: Callable[[Event], None] = ignore_event,
    is_closing: Callable[[], bool] = never,
) -> Run:
    """Carry a claimed run out in this thread. Whatever happens in it, the run has an outcome afterwards."""
    folder = run_folder(home, claimed.run_id)
    with Lease(home, claimed):
        try:
            outcome = _outcome_or_failure(home, claimed, on_event, is_closing)
            try:
                release(home, claimed, outcome)
            except DiskFull:
                free_disk_reserve(folder)
                release(home, claimed, outcome)
            free_disk_reserve(folder)
        except LeaseLost:
            log.warning("run %s was taken over by another process", claimed.run_id)
        finally:
            unregister_live(home, claimed.run_id)
            release_memory()
    return get_run(home, claimed.run_id)


def _outcome_or_failure(
    home: Home, claimed: Claim, on_event: Callable[[Event], None], is_closing: Callable[[], bool]
) -> RunOutcome:
    """Raises LeaseLost, nothing else."""
    folder = run_folder(home, claimed.run_id)
    try:
        with no_room_is_disk_full(home.db):
            tidy_run(folder)
            reserve_disk(folder)
            return _train_and_evaluate(home, claimed, on_event, is_closing)
    except LeaseLost:
        raise
    except GraftError as error:
        return RunOutcome("failed", str(error), str(error))
    except Exception as error:  # whatever a library may raise ends this run, and never the queue
        _write_log(folder, traceback.format_exc())
        sentence = f"Something in Graft went wrong: {_first_line(error)}. The file {folder / 'log.txt'} says more."
        return RunOutcome("failed", sentence, sentence)


def _train_and_evaluate(
    home: Home, claimed: Claim, on_event: Callable[[Event], None], is_closing: Callable[[], bool]
) -> RunOutcome:
    run = get_run(home, claimed.run_id)
    datasets = load_datasets(home, run.plan)
    dataset = datasets["source"]
    tasks = [dataset.task(name) for name in run.plan.tasks]
    photos, clock, others = count_photos(run.plan, datasets), RunClock(), OtherLoad()
    feedback = _feedback(home, run, photos, clock)
    start = StartFeedback(run.progress.step, clock)
    meter = ProgressMeter(run.plan, photos, run.progress, _estimated_epochs(home, run, photos), clock)

    def on_training_event(event: Event) -> None:
        if feedback:
            feedback.follow(event)
        start.follow(event)
        on_event(event)

    with contextlib.closing(Recorder(home, claimed, run, meter, tasks)) as sink:
        decoding = partial(_show_activity, sink, is_closing, can_be_stopped=True)
        evaluating = partial(_show_activity, sink, is_closing, can_be_stopped=False)
        job = Job(run.plan, datasets, home, run_folder(home, run.id), decoding)
        try:
            outcome = _train(job, sink, clock, on_training_event, is_closing)
        except _RunEnds as end:
            outcome = end.outcome
        if start.seconds is not None:
            # Also of a busy machine: it mostly is so when a run begins.
            record_start(home, run.plan.backbone.name, run.device, start.seconds)
        if feedback and others.share() < BUSY:
            device = resolve_device(run.device)
            record_actual(home, run.plan, device, feedback.estimated_seconds, feedback.measured_seconds)
        if outcome.state == "interrupted":
            return outcome
        if not has_best(home, run.id):
            failed = RunOutcome("failed", NEVER_A_NUMBER, NEVER_A_NUMBER)
            return STOPPED_EARLY if outcome.state == "stopped" else failed
        try:
            evaluate_best(job, evaluating)
        except _RunEnds as end:
            return end.outcome
        return outcome


def _train(
    job: Job, sink: RunSink, clock: RunClock, on_event: Callable[[Event], None], is_closing: Callable[[], bool]
) -> RunOutcome:
    """Iterate the engine until it ends, or until it is asked to."""
    if sink.requested_action == "stop":  # stopped while it waited to be resumed: only its best epoch is evaluated
        return STOPPED
    reason = ""
    # Closing the generator makes the engine write a checkpoint of the step at which it stands.
    with restored_threads(), contextlib.closing(train(autotune_job(job))) as events:  # type: ignore[type-var]
        for event in events:
            sink.record(event)
            on_event(event)
            if isinstance(event, Ended):
                reason = event.reason
            elif isinstance(event, HeadsTried):
                save_trials(job.folder, event.trials)
            elif isinstance(event, EpochEnded):
                continue  # the engine now saves this epoch's model if it is the best: do not come between
            if sink.requested_action == "pause":
                _wait_while_paused(sink, clock, is_closing)
            if sink.requested_action == "stop":
                return STOPPED
            if is_closing():
                return CLOSED
    return FINISHED[reason]


def _wait_while_paused(sink: RunSink, clock: RunClock, is_closing: Callable[[], bool]) -> None:
    """Not asking for the next event is all that a pause is. The device stays with the run."""
    with clock.stopped():
        sink.set_state("paused", "Paused.")
        while sink.requested_action == "pause" and not is_closing():
            time.sleep(PAUSE_POLL_SECONDS)
            sink.flush()
    if sink.requested_action == "" and not is_closing():
        sink.set_state("running", "Goes on.")


def _show_activity(sink: RunSink, is_closing: Callable[[], bool], event: Prepared, can_be_stopped: bool) -> None:
    """Raises _RunEnds when the run is not wanted any more."""
    sink.show_activity(event)
    if is_closing():
        raise _RunEnds(CLOSED)
    if can_be_stopped and sink.requested_action == "stop":
        raise _RunEnds(STOPPED)


def _estimated_epochs(home: Home, run: Run, photos: Counts) -> tuple[float, ...] | None:
    """Seconds of each epoch, where later ones differ from the first: nobody has seen them yet. Profiles this machine,
    unless that was done before; None where all epochs are alike, or memory does not suffice to profile.
    """
    if len(run.plan.phases) == 1 and not resizes_progressively(run.plan, run.plan.phases[0]):
        return None
    subject = home, run.plan, get_card(run.plan.backbone.name), resolve_device(run.device)
    try:
        profile = known_cost_profile(*subject) or profile_costs(*subject)
    except TooLittleMemory:  # the run itself computes in smaller parts
        return None
    return estimated_epoch_seconds(run.plan, photos, profile)


def _feedback(home: Home, run: Run, photos: Counts, clock: RunClock) -> EstimateFeedback | None:
    """None for a run that nothing was estimated of, or on a device that this machine lacks."""
    if run.device not in [device.name for device in devices()]:
        return None
    profile = trusted_cost_profile(home, run.plan, get_card(run.plan.backbone.name), resolve_device(run.device))
    return EstimateFeedback(run.plan, photos, profile, run.progress.step, clock) if profile else None


def count_photos(plan: Plan, datasets: Mapping[Role, Dataset]) -> Counts:
    """Photos with a label for at least one of the plan's tasks, by split, and those that are adapted to."""
    dataset = datasets["source"]
    tasks = [dataset.task(name) for name in plan.tasks]
    training, validation = (len(dataset.labelled_rows(tasks, split)) for split in ("train", "validation"))
    return Counts(training, validation, len(target_rows(datasets["target"])) if "target" in datasets else 0)


def _write_log(folder: Path, text: str) -> None:
    log.error("run %s failed\n%s", folder.name, text)
    with contextlib.suppress(OSError), (folder / "log.txt").open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}".rstrip(". ") if lines else type(error).__name__
