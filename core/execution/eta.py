"""How far a run is and how long it will still take, from its events and a clock alone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.job import EpochEnded, Event, PhaseBegan, Prepared, Stepped, steps_per_epoch
from core.plans import Plan, num_views, resizes_progressively, views_remaining
from core.profiling import CostProfile, Counts, caches_views, phase_seconds
from core.runs import RunProgress

ENOUGH_SECONDS = 2.0  # of steps, before an epoch is estimated from them


class RunClock:
    """Seconds that a run has worked: it stands still while the run is paused. `clock` can be replaced in tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._stopped_seconds = clock, 0.0

    def __call__(self) -> float:
        return self._clock() - self._stopped_seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The clock stands still in the block."""
        began = self._clock()
        try:
            yield
        finally:
            self._stopped_seconds += self._clock() - began


def estimated_epoch_seconds(plan: Plan, photos: Counts, profile: CostProfile) -> tuple[float, ...]:
    """Seconds of each epoch from the plan's estimate: how much longer one takes than another."""
    return tuple(s for phase in plan.phases for s in phase_seconds(plan, phase, photos, profile, 0))


def with_activity(progress: RunProgress, event: Prepared) -> RunProgress:
    """The progress of a run that is busy with something other than training."""
    return replace(
        progress, activity=event.kind, done=event.done, total=event.total, view=event.view, views=event.views
    )


class ProgressMeter:
    """Follows a run's events into its progress.

    seconds_left is what the last epoch of this phase took (steps and validation), for the epochs that are left; in a
    phase's first epoch, what its steps took so far. Later epochs that take longer, because more stages are trained or
    photos grow, make it None, unless `estimated` (seconds of each epoch, from the plan's estimate) tells how much.
    """

    def __init__(
        self,
        plan: Plan,
        photos: Counts,
        begun: RunProgress,
        estimated: tuple[float, ...] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """begun: the progress that the run already has. clock: seconds; it stands still while the run is paused."""
        per_epoch = steps_per_epoch(photos.training, plan.batch_size)
        self.progress = replace(
            begun,
            phases=len(plan.phases),
            epochs=plan.epochs,
            images_total=photos.training,
            steps_per_epoch=begun.steps_per_epoch or per_epoch,
            steps_total=begun.steps_total or per_epoch * plan.epochs,
            images_per_second=None,
            seconds_left=None,
        )
        self._plan, self._photos, self._estimated, self._clock = plan, photos, estimated, clock
        self._epoch_seconds: dict[int, tuple[int, float]] = {}  # by phase, the last whole epoch and what it took
        self._validation_seconds: float | None = None
        self._epoch_began = self._last_step = self._view_began = clock()
        self._steps_timed, self._steps_seconds = 0, 0.0
        self._view_seconds = 0.0  # what caching the last new view of all photos took
        self._is_whole_epoch = begun.step == 0  # false until the end of an epoch that was resumed in its middle

    def follow(self, event: Event) -> RunProgress:
        """The progress after one more event."""
        match event:
            case Prepared():
                self._after_preparing(event)
            case PhaseBegan():
                self.progress = replace(self.progress, phase=event.name, number=event.phase + 1)
                self._begin_epoch()
            case Stepped():
                self._after_step(event)
            case EpochEnded():
                self._after_epoch(event)
                self._view_began = self._clock()
        return self.progress

    def _after_preparing(self, event: Prepared) -> None:
        is_view, now = event.kind == "cache_view", self._clock()
        if is_view and event.done == event.total:
            self._view_seconds = now - self._view_began
        if not is_view or event.done == event.total:
            self._view_began = now
        if self._steps_timed == 0:
            self._epoch_began = now  # what is done once before the first step comes in no later epoch
        self.progress = with_activity(self.progress, event)

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
            speed = timed * min(self._plan.batch_size, self._photos.training) / self._steps_seconds
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
        self._validation_seconds = now - self._last_step
        if self._is_whole_epoch:
            self._epoch_seconds[event.phase] = event.epoch - 1, now - self._epoch_began
        per_epoch = max(1, round(event.step / event.epoch))
        self.progress = replace(
            self.progress,
            epoch=event.epoch,
            epochs_done=event.epoch,
            step=event.step,
            steps_per_epoch=per_epoch,
            steps_total=per_epoch * self._plan.epochs,
            images=self._photos.training,
            images_per_second=event.images_per_second,
        )
        self._begin_epoch()
        self._is_whole_epoch = True
        self.progress = replace(self.progress, seconds_left=self._seconds_left(event.phase))

    def _begin_epoch(self) -> None:
        self._epoch_began = self._clock()
        self._steps_timed, self._steps_seconds = 0, 0.0

    def _seconds_left(self, phase: int) -> float | None:
        reference = self._reference_epoch(phase)
        if reference is None:
            return None
        epoch, seconds = reference
        epochs_done = self.progress.step / self.progress.steps_per_epoch
        views_seconds = self._view_seconds * self._views_to_come(phase)
        if self._estimated is not None and min(self._estimated) > 0:
            left = sum(s * min(1.0, max(0.0, i + 1 - epochs_done)) for i, s in enumerate(self._estimated))
            return seconds / self._estimated[epoch] * left + views_seconds
        first_trainable = self._plan.phases[phase].first_trainable_stage
        later_train_more = any(each.first_trainable_stage < first_trainable for each in self._plan.phases[phase + 1 :])
        if later_train_more or any(resizes_progressively(self._plan, each) for each in self._plan.phases[phase:]):
            return None
        return seconds * max(0.0, self._plan.epochs - epochs_done) + views_seconds

    def _views_to_come(self, number: int) -> int:
        """How many new views of all photos will still be cached in a phase."""
        phase = self._plan.phases[number]
        if not caches_views(self._plan, phase):
            return 0
        epochs_before = sum(each.epochs for each in self._plan.phases[:number])
        has_this_epochs_view = self._steps_timed > 0
        epoch = self.progress.epochs_done + has_this_epochs_view - epochs_before
        return views_remaining(phase, num_views(self._plan, phase), epoch)

    def _reference_epoch(self, phase: int) -> tuple[int, float] | None:
        """The last whole epoch of the phase, else the present one: its number, from 0, and its seconds."""
        measured = self._epoch_seconds.get(phase)
        if measured is not None:
            return measured
        timed = self._steps_timed - 1
        if timed < 1 or self._steps_seconds < ENOUGH_SECONDS:
            return None
        per_step = self._steps_seconds / timed
        # Evaluating a photo takes no longer than training on it.
        validation = per_step * self._photos.scored / self._plan.batch_size
        if self._validation_seconds is not None:
            validation = min(validation, self._validation_seconds)
        return max(0, self.progress.epoch - 1), per_step * self.progress.steps_per_epoch + validation
