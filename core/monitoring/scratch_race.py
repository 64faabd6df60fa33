"""A run beside the same one from random weights: how good each was after how long."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluation import EpochScores
from core.home import Home
from core.monitoring.counterparts import find_counterparts
from core.monitoring.live import read_view
from core.plans import from_scratch
from core.runs import Run, RunEvent, read_events
from core.tasks import LabelKind
from core.units import format_duration

# After one of these nothing is computed until the next event; the time up to "interrupted" is that of a dead process.
RESTS = {"queued", "paused", "interrupted", "failed", "finished", "stopped"}


@dataclass(frozen=True)
class ClockedEpoch:
    """An epoch that ended. seconds: of work since the first phase began, when photos are decoded and the network is
    built.
    """

    seconds: float
    scores: EpochScores


@dataclass(frozen=True)
class ScratchRace:
    """Two runs of the same plan, with transfer and from scratch, on one task."""

    kind: LabelKind
    transfer: tuple[ClockedEpoch, ...]
    scratch: tuple[ClockedEpoch, ...]

    @property
    def spent(self) -> float:
        """Seconds that the run with transfer took."""
        return self.transfer[-1].seconds

    @property
    def at_same_time(self) -> ClockedEpoch | None:
        """The best epoch from scratch within the time that transfer took; None where none had ended."""
        in_time = [each for each in self.scratch if each.seconds <= self.spent]
        return _best(in_time) if in_time else None

    @property
    def best_transfer(self) -> ClockedEpoch:
        return _best(self.transfer)

    @property
    def as_good(self) -> ClockedEpoch | None:
        """The first epoch from scratch that scores as high as the best one with transfer; None where none did."""
        level = self.best_transfer.scores.validation_accuracy
        return next((each for each in self.scratch if each.scores.validation_accuracy >= level), None)

    @property
    def transfer_as_good(self) -> ClockedEpoch:
        """The first epoch with transfer that scores as high as its best one."""
        level = self.best_transfer.scores.validation_accuracy
        return next(each for each in self.transfer if each.scores.validation_accuracy >= level)


def scratch_run(home: Home, run: Run) -> Run | None:
    """The run of the same plan from random weights, if there is one. Raises BadPlan where that is what the run is."""
    [found] = find_counterparts(home, [from_scratch(run.plan)])
    return found


def read_race(home: Home, run: Run, scratch: Run, task: str) -> ScratchRace | None:
    """None as long as one of them has no epoch."""
    clocked = [tuple(clocked_epochs(home, each, task)) for each in (run, scratch)]
    kind = read_view(home, run.id).kind_of(task)
    return ScratchRace(kind, *clocked) if all(clocked) else None


def clocked_epochs(home: Home, run: Run, task: str) -> list[ClockedEpoch]:
    """The epochs of a run with the time that its work took until then, by the clock of its events."""
    seconds = working_seconds(read_events(home, run.id))
    scores = [row.scores[task] for row in read_view(home, run.id).epochs]
    return [ClockedEpoch(*each) for each in zip(seconds, scores, strict=False)]  # an event may have come in between


def working_seconds(events: Sequence[RunEvent]) -> list[float]:
    """For each epoch, the seconds of work from the beginning of the first phase to its end. events: oldest first."""
    begun = next((place for place, event in enumerate(events) if event.kind == "phase"), len(events))
    elapsed, found = 0.0, []
    for previous, event in zip(events[begun:], events[begun + 1 :], strict=False):
        if previous.kind not in RESTS and event.kind != "interrupted":
            elapsed += max(0.0, event.time - previous.time)
        if event.kind == "epoch":
            found.append(elapsed)
    return found


def race_in_words(race: ScratchRace) -> str:
    """Two sentences: how good both were after the same time, and how long the one from scratch took to be as good."""
    metric, best = race.kind.metric, race.best_transfer.scores
    other = race.at_same_time
    then = f"was at {metric.validation_in_words(other.scores)}" if other else "had not ended its first epoch"
    same_time = (
        f"After {format_duration(race.spent)}, training with transfer was at {metric.validation_in_words(best)}, and "
        f"from scratch it {then}."
    )
    if race.as_good:
        reached = (
            f"To be as good, it took {format_duration(race.as_good.seconds)} from scratch, and "
            f"{format_duration(race.transfer_as_good.seconds)} with transfer."
        )
    else:
        most = _best(race.scratch)
        reached = (
            f"In {format_duration(race.scratch[-1].seconds)} it never became as good: "
            f"{metric.validation_in_words(most.scores)} at its best."
        )
    return f"{same_time} {reached}"


def _best(epochs: Sequence[ClockedEpoch]) -> ClockedEpoch:
    """The epoch that a run which ended with these has kept, that of the lowest validation loss."""
    return min(epochs, key=lambda each: each.scores.validation_loss)
