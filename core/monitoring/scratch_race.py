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
    built. best: whether its model was kept, as the best so far.
    """

    seconds: float
    scores: EpochScores
    best: bool


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
        """The epoch from scratch whose model was kept by then; None where none had ended."""
        return _kept([each for each in self.scratch if each.seconds <= self.spent])

    @property
    def best_transfer(self) -> ClockedEpoch:
        """The epoch with transfer whose model was kept."""
        return _kept(self.transfer) or self.transfer[-1]

    @property
    def as_good(self) -> ClockedEpoch | None:
        """The first epoch from scratch that scores as high as the one kept with transfer; None where none did."""
        level = self.best_transfer.scores.validation_accuracy
        return next((each for each in self.scratch if each.scores.validation_accuracy >= level), None)

    @property
    def transfer_as_good(self) -> ClockedEpoch:
        """The first epoch with transfer that scores as high as the one that was kept."""
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
    rows = read_view(home, run.id).epochs
    # One more may have ended between the two.
    return [ClockedEpoch(time, row.scores[task], row.best) for time, row in zip(seconds, rows, strict=False)]


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
        kept = _kept(race.scratch) or race.scratch[-1]
        reached = (
            f"In {format_duration(race.scratch[-1].seconds)} it never became as good: its best epoch was at "
            f"{metric.validation_in_words(kept.scores)}."
        )
    return f"{same_time} {reached}"


def _kept(epochs: Sequence[ClockedEpoch]) -> ClockedEpoch | None:
    """The one whose model a run has that ended with these."""
    return next((each for each in reversed(epochs) if each.best), None)
