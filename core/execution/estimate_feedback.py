"""What a run really took, beside what was foretold for the very same work: later estimates learn from it."""

import time
from collections.abc import Callable

from core.job import Checkpointed, EpochEnded, Event, PhaseBegan, Prepared, Stepped, steps_per_epoch
from core.plans import Plan
from core.profiling import CostProfile, Counts, caching_seconds, phase_seconds


class EstimateFeedback:
    """Follows a run's events and adds up both, for whole epochs and for photos that the frozen part looked at.

    What happens once, like decoding, does not count, nor what was found in a cache, nor a pause. The clock can be
    replaced in tests. foretold, taken: seconds; foretold is without a correction.
    """

    def __init__(
        self,
        plan: Plan,
        counts: Counts,
        calibration: CostProfile,
        begun: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """begun: steps that the run has taken before."""
        self.foretold, self.taken = 0.0, 0.0
        self._plan, self._counts, self._calibration = plan, counts, calibration
        self._whole = begun % steps_per_epoch(counts.training, plan.batch_size) == 0
        self._clock, self._last = clock, clock()
        self._epoch, self._phase, self._looked_at = 0.0, 0, 0

    def hold(self, seconds: float) -> None:
        """The run was paused for so long."""
        self._last += seconds

    def follow(self, event: Event) -> None:
        now = self._clock()
        seconds, self._last = now - self._last, now
        match event:
            case PhaseBegan():
                self._phase = event.phase
            case Prepared(kind="cache" | "cache_view"):
                self._after_looking(event, seconds)
            case Prepared() if self._epoch > 0:  # scores, after steps
                self._epoch += seconds
            case Stepped():
                self._phase = event.phase
                self._epoch += seconds
            case EpochEnded():
                self._after_epoch(event, seconds)
            case Checkpointed() if self._epoch > 0:
                self._epoch += seconds
            case Checkpointed() if self.taken > 0:
                self.taken += seconds

    def _after_looking(self, event: Prepared, seconds: float) -> None:
        photos = event.done - self._looked_at
        self._looked_at = event.done if event.done < event.total else 0
        if photos > 0:
            one = caching_seconds(self._plan.phases[self._phase], self._calibration)
            changed = self._calibration.augment_seconds if event.kind == "cache_view" else 0.0
            self.foretold += photos * (one + changed)
            self.taken += seconds

    def _after_epoch(self, event: EpochEnded, seconds: float) -> None:
        if self._whole:
            phase = self._plan.phases[event.phase]
            before = sum(each.epochs for each in self._plan.phases[: event.phase])
            seconds_of = phase_seconds(self._plan, phase, self._counts, self._calibration, 0)
            self.foretold += seconds_of[event.epoch - 1 - before]
            self.taken += self._epoch + seconds
        self._epoch, self._whole = 0.0, True
