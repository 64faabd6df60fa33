"""Measured seconds of a run beside the estimated seconds of the same work."""

import pytest

from core.execution.estimate_feedback import EstimateFeedback, StartFeedback
from core.execution.eta import RunClock
from core.job.events import Checkpointed, EpochEnded, PhaseBegan, Prepared, Stepped
from core.plans import NO_AUGMENTATION, Phase
from core.profiling.estimate import CostProfile, Counts, caching_seconds, phase_seconds
from tests.fixtures.runs import a_plan, scores

TOP = Phase(name="top", epochs=2, stage_rates=(0, 1e-4), head_rate=1e-3)
COUNTS = Counts(training=80, validation=20)  # 10 steps an epoch
MEASURED = CostProfile((0.0, 1.0, 2.0), (6.0, 4.0, 0.5), (0, 0, 0), (0, 0, 0), (1, 1))
PLAN = a_plan(phases=(TOP,), augmentation=NO_AUGMENTATION)
EPOCH = phase_seconds(PLAN, TOP, COUNTS, MEASURED, 0)[0]


class Ride:
    """A run of 10 steps an epoch, told by a clock of its own."""

    def __init__(self, begun: int = 0) -> None:
        self.now = 0.0
        self.clock = RunClock(lambda: self.now)
        self.feedback = EstimateFeedback(PLAN, COUNTS, MEASURED, begun, self.clock)

    def after(self, seconds: float, event) -> "Ride":
        self.now += seconds
        self.feedback.follow(event)
        return self

    def epoch(self, number: int, per_step: float, evaluated: float, saving: float, steps: int = 10) -> "Ride":
        for step in range(10 * number - steps + 1, 10 * number + 1):
            self.after(per_step, Stepped(step, number, 0, 8 * step, 0.5, 0.5, {}))
        self.after(evaluated, Prepared("validate", 40, 40))
        self.after(0.0, EpochEnded(number, 0, 10 * number, {"label": scores(0.5)}, 1.0, 1.0, True))
        return self.after(saving, Checkpointed(number, 10 * number))

    @property
    def both(self) -> tuple[float, float]:
        return self.feedback.estimated_seconds, self.feedback.measured_seconds


def test_whole_epochs_count_with_their_scores_and_checkpoints():
    assert Ride().epoch(1, 2.0, 5.0, 1.0).epoch(2, 3.0, 5.0, 1.0).both == pytest.approx((2 * EPOCH, 26 + 36))


def test_of_photos_that_grow_each_epoch_is_held_against_its_own():
    resized = Phase(name="all", epochs=4, stage_rates=(1e-3,) * 2, head_rate=1e-3, start_image_size=32)
    plan = PLAN.model_copy(update={"phases": (resized,), "image_size": 64})
    epochs = phase_seconds(plan, resized, COUNTS, MEASURED, 0)
    assert epochs[0] < epochs[-1]
    ride = Ride()
    ride.feedback = EstimateFeedback(plan, COUNTS, MEASURED, 0, ride.clock)
    assert ride.epoch(1, 2.0, 5.0, 1.0).epoch(2, 2.0, 5.0, 1.0).both[0] == pytest.approx(epochs[0] + epochs[1])


def test_what_happens_once_does_not_count():
    ride = Ride().after(100.0, Prepared("decode", 0, 100)).after(50.0, Prepared("build", 0, 0))
    assert ride.after(9.0, PhaseBegan(0, "top", 1, 2, {})).both == (0.0, 0.0)


def test_photos_that_the_frozen_part_looked_at_count_each():
    ride = Ride().after(0.0, PhaseBegan(0, "top", 1, 2, {}))
    ride.after(3.0, Prepared("cache", 64, 100)).after(2.0, Prepared("cache", 100, 100))
    assert ride.both == pytest.approx((100 * caching_seconds(TOP, MEASURED), 5.0))


def test_what_is_found_from_an_earlier_look_does_not_count():
    ride = Ride().after(3.0, Prepared("check_cache", 100, 100))
    assert ride.both == (0.0, 0.0)


def test_an_epoch_that_was_resumed_in_its_middle_does_not_count():
    assert Ride(begun=4).epoch(1, 2.0, 5.0, 0.0, steps=6).both == (0.0, 0.0)
    assert Ride(begun=10).epoch(2, 2.0, 5.0, 0.0).both == pytest.approx((EPOCH, 25.0))


def test_an_epoch_that_did_not_end_does_not_count():
    ride = Ride().epoch(1, 2.0, 5.0, 0.0).after(9.0, Stepped(11, 2, 0, 88, 0.5, 0.5, {}))
    assert ride.both == pytest.approx((EPOCH, 25.0))


def test_a_pause_does_not_count():
    ride = Ride()
    with ride.clock.stopped():
        ride.now += 1_000
    assert ride.epoch(1, 2.0, 5.0, 0.0).both == pytest.approx((EPOCH, 25.0))


def start_seconds(*events, begun: int = 0) -> float | None:
    """What the start took, by events that are 10 seconds apart."""
    now = 0.0
    start = StartFeedback(begun, lambda: now)
    for event in events:
        now += 10.0
        start.follow(event)
    return start.seconds


def test_the_start_ends_with_the_first_photo_that_is_computed_and_decoding_is_not_in_it():
    before = Prepared("decode", 0, 100), Prepared("build", 0, 0), PhaseBegan(0, "top", 1, 2, {})
    step = Stepped(1, 1, 0, 8, 0.5, 0.5, {})
    assert start_seconds(*before, Prepared("cache", 64, 100), step, step) == pytest.approx(30.0)
    assert start_seconds(*before, step) == pytest.approx(30.0)
    assert start_seconds(*before) is None


def test_a_run_that_goes_on_says_nothing_of_a_start():
    assert start_seconds(Prepared("build", 0, 0), Stepped(5, 1, 0, 8, 0.5, 0.5, {}), begun=4) is None
