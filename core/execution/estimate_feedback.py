"""What a run really took, beside the estimate for the very same work: it corrects later estimates."""

from collections.abc import Callable

from core.job import Checkpointed, EpochEnded, Event, PhaseBegan, Prepared, Stepped, steps_per_epoch
from core.plans import Plan
from core.profiling import CostProfile, Counts, caching_seconds, phase_seconds

# What a run does with photos once it has started.
COMPUTING = ("copy_pixels", "check_cache", "cache", "cache_view", "teacher")


class EstimateFeedback:
    """Follows a run's events and adds up estimated_seconds (without a correction) and measured_seconds, both for whole
    epochs and for photos that the frozen part computed.

    What happens once, like decoding, does not count, nor what was found in a cache.
    """

    def __init__(
        self, plan: Plan, photos: Counts, profile: CostProfile, steps_before: int, clock: Callable[[], float]
    ) -> None:
        """steps_before: that the run has taken already. clock: seconds; it stands still while the run is paused."""
        self.estimated_seconds, self.measured_seconds = 0.0, 0.0
        self._plan, self._photos, self._profile = plan, photos, profile
        self._is_whole_epoch = steps_before % steps_per_epoch(photos.training, plan.batch_size) == 0
        self._clock, self._last = clock, clock()
        self._epoch_seconds, self._phase, self._cached_photos = 0.0, 0, 0

    def follow(self, event: Event) -> None:
        now = self._clock()
        seconds, self._last = now - self._last, now
        match event:
            case PhaseBegan():
                self._phase = event.phase
            case Prepared(kind="cache" | "cache_view"):
                self._after_caching(event, seconds)
            case Prepared() if self._epoch_seconds > 0:  # validation, after steps
                self._epoch_seconds += seconds
            case Stepped():
                self._phase = event.phase
                self._epoch_seconds += seconds
            case EpochEnded():
                self._after_epoch(event, seconds)
            case Checkpointed() if self._epoch_seconds > 0:
                self._epoch_seconds += seconds
            case Checkpointed() if self.measured_seconds > 0:
                self.measured_seconds += seconds

    def _after_caching(self, event: Prepared, seconds: float) -> None:
        photos = event.done - self._cached_photos
        self._cached_photos = event.done if event.done < event.total else 0
        if photos > 0:
            per_photo = caching_seconds(self._plan.phases[self._phase], self._profile)
            if event.kind == "cache_view":
                per_photo += self._profile.augment_seconds
            self.estimated_seconds += photos * per_photo
            self.measured_seconds += seconds

    def _after_epoch(self, event: EpochEnded, seconds: float) -> None:
        if self._is_whole_epoch:
            phase = self._plan.phases[event.phase]
            epochs_before = sum(each.epochs for each in self._plan.phases[: event.phase])
            estimated = phase_seconds(self._plan, phase, self._photos, self._profile, 0)
            self.estimated_seconds += estimated[event.epoch - 1 - epochs_before]
            self.measured_seconds += self._epoch_seconds + seconds
        self._epoch_seconds, self._is_whole_epoch = 0.0, True


class StartFeedback:
    """Measures what a run takes before its first photo is computed, beside decoding, which the estimate has by itself.

    seconds: None until then, and of a run that goes on.
    """

    def __init__(self, steps_before: int, clock: Callable[[], float]) -> None:
        """steps_before, clock: as of `EstimateFeedback`. It begins now."""
        self.seconds: float | None = None
        self._is_waiting, self._is_decoding = steps_before == 0, False
        self._clock, self._last = clock, clock()
        self._counted = 0.0

    def follow(self, event: Event) -> None:
        now = self._clock()
        self._counted += 0.0 if self._is_decoding else now - self._last
        self._last, self._is_decoding = now, isinstance(event, Prepared) and event.kind == "decode"
        computes = isinstance(event, Stepped) or (isinstance(event, Prepared) and event.kind in COMPUTING)
        if self._is_waiting and computes:
            self._is_waiting = False
            self.seconds = self._counted
