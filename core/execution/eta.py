"""How far a run is and how long it will still take, from the events and the clock alone."""

import time
from collections.abc import Callable
from dataclasses import replace

from core.execution.estimate_feedback import EstimateFeedback
from core.job import EpochEnded, Event, PhaseBegan, Prepared, Stepped, steps_per_epoch
from core.plans import Plan, grows, views_computed, views_to_come
from core.profiling import CostProfile, Counts, caches_views, phase_seconds
from core.runs import RunProgress

ENOUGH_SECONDS = 2.0  # of steps, before a guess is made from them


def estimated_phase_seconds(plan: Plan, counts: Counts, calibration: CostProfile) -> tuple[float, ...]:
    """Seconds of each epoch from the plan's estimate: how much longer one takes than another."""
    return tuple(s for phase in plan.phases for s in phase_seconds(plan, phase, counts, calibration, 0))


def with_activity(progress: RunProgress, event: Prepared) -> RunProgress:
    """The progress of a run that is busy with something other than training."""
    return replace(
        progress, activity=event.kind, done=event.done, total=event.total, view=event.view, views=event.views
    )


class ProgressMeter:
    """Follows a run's events. Time that it was paused does not count; the clock can be replaced in tests.

    seconds_left is what the last epoch of this phase took (steps and scoring), for the epochs that are left; in a
    phase's first epoch, what its steps took so far. Later epochs that take longer, because more learns or photos grow,
    make it None, unless `foretold` (seconds of each epoch, from the plan's estimate) says how much longer.
    taken: is told all that the meter is.
    """

    def __init__(
        self,
        plan: Plan,
        counts: Counts,
        begun: RunProgress,
        foretold: tuple[float, ...] | None = None,
        clock: Callable[[], float] = time.monotonic,
        taken: EstimateFeedback | None = None,
    ) -> None:
        per_epoch = steps_per_epoch(counts.training, plan.batch_size)
        self.progress = replace(
            begun,
            phases=len(plan.phases),
            epochs=plan.epochs,
            images_total=counts.training,
            steps_per_epoch=begun.steps_per_epoch or per_epoch,
            steps_total=begun.steps_total or per_epoch * plan.epochs,
            images_per_second=None,
            seconds_left=None,
        )
        self._plan, self._counts, self._foretold, self._clock = plan, counts, foretold, clock
        self._taken = taken
        self._epoch_seconds: dict[int, tuple[int, float]] = {}  # by phase, the last whole epoch and what it took
        self._scoring_seconds: float | None = None
        self._epoch_began = self._last_step = clock()
        self._steps_timed, self._steps_seconds = 0, 0.0
        self._look_began = clock()
        self._look_seconds = 0.0  # what the frozen part took for the last new view of all photos
        self._whole_epoch = begun.step == 0  # false until the end of an epoch that was resumed in its middle

    def hold(self, seconds: float) -> None:
        """The run was paused for so long."""
        if self._taken:
            self._taken.hold(seconds)
        self._epoch_began += seconds
        self._last_step += seconds
        self._look_began += seconds

    def follow(self, event: Event) -> RunProgress:
        """The progress after one more event."""
        if self._taken:
            self._taken.follow(event)
        match event:
            case Prepared():
                self._after_preparing(event)
                if self._steps_timed == 0:
                    self._epoch_began = self._clock()  # what is done once before the first step comes in no later epoch
                self.progress = with_activity(self.progress, event)
            case PhaseBegan():
                self.progress = replace(self.progress, phase=event.name, number=event.phase + 1)
                self._begin_epoch()
            case Stepped():
                self._after_step(event)
            case EpochEnded():
                self._after_epoch(event)
                self._look_began = self._clock()
        return self.progress

    def _after_preparing(self, event: Prepared) -> None:
        looked = event.kind == "cache_view"
        if looked and event.done == event.total:
            self._look_seconds = self._clock() - self._look_began
        if not looked or event.done == event.total:
            self._look_began = self._clock()

    def _after_step(self, event: Stepped) -> None:
        now = self._clock()
        if event.epoch != self.progress.epoch or self._steps_timed == 0:
            self._steps_timed = 1  # the first step also pays for what begins: it is not timed
        else:
            self._steps_seconds += now - self._last_step
            self._steps_timed += 1
        self._last_step = now
        timed = self._steps_timed - 1
        speed = self.progress.images_per_second
        if timed and self._steps_seconds > 0:
            speed = timed * min(self._plan.batch_size, self._counts.training) / self._steps_seconds
        self.progress = replace(
            self.progress,
            activity="training",
            done=0,
            total=0,
            view=0,
            views=0,
            phase=self._plan.phases[event.phase].name,
            number=event.phase + 1,
            epoch=event.epoch,
            step=event.step,
            steps_total=max(self.progress.steps_total, event.step),
            images=event.images,
            images_per_second=speed,
        )
        self.progress = replace(self.progress, seconds_left=self._seconds_left(event.phase))

    def _after_epoch(self, event: EpochEnded) -> None:
        now = self._clock()
        self._scoring_seconds = now - self._last_step
        if self._whole_epoch:
            self._epoch_seconds[event.phase] = event.epoch - 1, now - self._epoch_began
        per_epoch = max(1, round(event.step / event.epoch))
        self.progress = replace(
            self.progress,
            epoch=event.epoch,
            epochs_done=event.epoch,
            step=event.step,
            steps_per_epoch=per_epoch,
            steps_total=per_epoch * self._plan.epochs,
            images=self._counts.training,
            images_per_second=event.images_per_second,
        )
        self._begin_epoch()
        self._whole_epoch = True
        self.progress = replace(self.progress, seconds_left=self._seconds_left(event.phase))

    def _begin_epoch(self) -> None:
        self._epoch_began = self._clock()
        self._steps_timed, self._steps_seconds = 0, 0.0

    def _seconds_left(self, phase: int) -> float | None:
        found = self._an_epoch(phase)
        if found is None:
            return None
        (epoch, seconds), p = found, self.progress
        ends = sum(each.epochs for each in self._plan.phases[: phase + 1])
        done = p.step / p.steps_per_epoch
        looks = self._look_seconds * self._views_to_come(phase, ends)
        if self._foretold is not None and min(self._foretold) > 0:
            left = sum(s * min(1.0, max(0.0, i + 1 - done)) for i, s in enumerate(self._foretold))
            return seconds / self._foretold[epoch] * left + looks
        later = self._plan.phases[phase + 1 :]
        learns_no_more = all(
            each.first_trainable_stage >= self._plan.phases[phase].first_trainable_stage for each in later
        )
        if not learns_no_more or any(grows(self._plan, each) for each in self._plan.phases[phase:]):
            return None
        return seconds * max(0.0, self._plan.epochs - done) + looks

    def _views_to_come(self, phase: int, ends: int) -> int:
        """How often the frozen part will look at changed photos again in this phase."""
        now = self._plan.phases[phase]
        if not caches_views(self._plan, now):
            return 0
        under_way = self._steps_timed > 0  # then this epoch has its view
        return views_to_come(
            now, views_computed(self._plan, now), self.progress.epochs_done + under_way - ends + now.epochs
        )

    def _an_epoch(self, phase: int) -> tuple[int, float] | None:
        """The last whole epoch of the phase, else this one: its number, from 0, and its seconds."""
        measured = self._epoch_seconds.get(phase)
        if measured is not None:
            return measured
        timed = self._steps_timed - 1
        if timed < 1 or self._steps_seconds < ENOUGH_SECONDS:
            return None
        per_step = self._steps_seconds / timed
        # Scoring a photo takes no longer than learning from it.
        scoring = per_step * self._counts.scored / self._plan.batch_size
        if self._scoring_seconds is not None:
            scoring = min(scoring, self._scoring_seconds)
        return max(0, self.progress.epoch - 1), per_step * self.progress.steps_per_epoch + scoring
