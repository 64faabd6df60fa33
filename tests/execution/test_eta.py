"""Seconds left: from what was measured, and nothing before."""

from typing import Any

import pytest

from core.execution.eta import Counts, ProgressMeter, RunClock, estimated_epoch_seconds
from core.job.events import EpochEnded, PhaseBegan, Prepared, Stepped
from core.plans import NO_AUGMENTATION, Augmentation, Phase
from core.plans.progressive_resizing import relative_step_costs
from core.profiling.estimate import EPOCH_SECONDS, CostProfile
from core.runs.types import RunProgress
from tests.fixtures.runs import a_plan, scores

HEAD = Phase(name="head", epochs=2, stage_rates=(0, 0), head_rate=1e-3)
ALL = Phase(name="all", epochs=3, stage_rates=(1e-4, 1e-4), head_rate=1e-3)
COUNTS = Counts(training=80, validation=20)  # 10 steps an epoch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Ride:
    """A run of 10 steps an epoch: so many seconds for each step, and for the scoring after them."""

    def __init__(self, *phases: Phase, estimated: tuple[float, ...] | None = None, **changes: Any) -> None:
        self.clock = Clock()
        self.run_clock = RunClock(self.clock)
        self.meter = ProgressMeter(a_plan(phases=phases, **changes), COUNTS, RunProgress(), estimated, self.run_clock)
        self.meter.follow(PhaseBegan(0, phases[0].name, 1, phases[0].epochs, {}))

    def step(self, number: int, seconds: float, phase: int = 0) -> float | None:
        self.clock.now += seconds
        epoch = (number - 1) // 10 + 1
        return self.meter.follow(Stepped(number, epoch, phase, 8 * number, 0.5, 0.5, {})).seconds_left

    def epoch(self, number: int, seconds: float, scoring: float, phase: int = 0) -> float | None:
        for step in range(10 * number - 9, 10 * number + 1):
            self.step(step, seconds, phase)
        self.clock.now += scoring
        ended = EpochEnded(number, phase, 10 * number, {"label": scores(0.5)}, 80 / (10 * seconds), 0, True)
        return self.meter.follow(ended).seconds_left


def test_nothing_is_estimated_before_something_was_measured():
    ride = Ride(HEAD)
    assert ride.meter.progress.seconds_left is None
    assert ride.step(1, 5.0) is None, "the first step pays for what begins"
    assert ride.step(2, 1.0) is None


def test_after_an_epoch_it_is_epochs_times_what_one_took_scoring_included():
    assert Ride(ALL).epoch(1, seconds=1.0, scoring=5.0) == 2 * (10 + 5)


def test_where_photos_grow_later_epochs_take_longer():
    resized = ALL.model_copy(update={"epochs": 4, "start_image_size": 32})  # at 64 pixels: a quarter of them, then all
    # A step takes 1 or 4 seconds and scoring 5, whatever was estimated for the machine.
    ride = Ride(resized, image_size=64, estimated=(30.0, 30.0, 90.0, 90.0))
    assert ride.epoch(1, seconds=1.0, scoring=5.0) == 15 + 45 + 45
    assert ride.epoch(2, seconds=1.0, scoring=5.0) == 45 + 45
    assert ride.epoch(3, seconds=4.0, scoring=5.0) == 45
    assert ride.step(31, 4.0) == pytest.approx(45 * 0.9)
    assert Ride(resized, image_size=64).epoch(1, seconds=1.0, scoring=5.0) is None, "nothing says how much longer"


def test_epochs_of_progressive_resizing_are_estimated_one_by_one():
    resized = ALL.model_copy(update={"epochs": 4, "start_image_size": 32})
    calibration = CostProfile((0.0, 1.0, 2.0), (6.0, 4.0, 0.5), (0, 0, 0), (0, 0, 0), (1, 1))
    plan = a_plan(phases=(resized,), image_size=64)
    assert relative_step_costs(plan, resized) == (0.25, 0.25, 1.0, 1.0)
    small, large = (EPOCH_SECONDS + 80 * 6 * share + 40 * 2 for share in (0.25, 1.0))
    unchanged = plan.model_copy(update={"augmentation": NO_AUGMENTATION})
    assert estimated_epoch_seconds(unchanged, COUNTS, calibration) == pytest.approx((small, small, large, large))


def test_within_the_first_epoch_it_is_estimated_from_its_steps():
    ride = Ride(HEAD)
    for step in range(1, 6):
        left = ride.step(step, 1.0)
    # 20 validation and 20 clean training photos are scored as if they were learned from: 5 steps' worth an epoch.
    assert left == 1.5 * 15


def test_a_pause_is_no_time_that_training_took():
    ride = Ride(ALL)
    ride.step(1, 1.0)
    with ride.run_clock.stopped():
        ride.clock.now += 1_000
    for step in range(2, 11):
        ride.step(step, 1.0)
    ended = EpochEnded(1, 0, 10, {"label": scores(0.5)}, 8.0, 0, True)
    assert ride.meter.follow(ended).seconds_left == 20


def test_a_later_phase_that_learns_more_is_not_guessed():
    assert Ride(HEAD, ALL).epoch(1, 1.0, 5.0) is None


def test_a_later_phase_is_estimated_by_how_much_longer_the_plan_expects_it_to_take():
    assert Ride(HEAD, ALL, estimated=(2.0, 2.0, 6.0, 6.0, 6.0)).epoch(1, 1.0, 5.0) == 15 + 3 * 15 * 3


def test_a_later_phase_that_trains_no_more_is_estimated_from_this_one():
    assert Ride(ALL, HEAD).epoch(1, 1.0, 5.0) == (2 + 2) * 15


def test_the_plan_expects_a_phase_that_learns_more_to_take_longer():
    calibration = CostProfile((0.0, 1.0, 2.0), (6.0, 4.0, 0.5), (0, 0, 0), (0, 0, 0), (0, 0))
    head, _, everything, *_ = estimated_epoch_seconds(a_plan(phases=(HEAD, ALL)), COUNTS, calibration)
    # Photos that judge went through the frozen part before, once.
    assert head == EPOCH_SECONDS + 80 * (2 + 0.5)
    assert everything == EPOCH_SECONDS + 80 * 6 + 40 * 2


def test_what_is_done_once_before_the_first_step_comes_in_no_later_epoch():
    ride = Ride(ALL)
    ride.clock.now += 500
    ride.meter.follow(Prepared("cache", 10, 10))
    assert ride.epoch(1, 1.0, 5.0) == 2 * 15


def test_what_else_takes_time_is_named():
    ride = Ride(HEAD)
    progress = ride.meter.follow(Prepared("decode", 3, 100))
    assert (progress.activity, progress.done, progress.total) == ("decode", 3, 100)
    ride.step(1, 1.0)
    assert (ride.meter.progress.activity, ride.meter.progress.total) == ("training", 0)


def test_views_that_are_still_to_be_looked_at_count():
    phase = Phase(name="head", epochs=8, stage_rates=(0, 0), head_rate=1e-3)
    ride = Ride(phase, augmentation=Augmentation(cached_views=3))
    ride.clock.now += 7
    ride.meter.follow(Prepared("build", 0, 0))
    for done in (40, 80):
        ride.clock.now += 50
        ride.meter.follow(Prepared("cache_view", done, 80))
    assert ride.epoch(1, seconds=1.0, scoring=5.0) == 7 * 15 + 2 * 100
    assert ride.step(11, 1.0) is not None
    assert Ride(phase).epoch(1, seconds=1.0, scoring=5.0) == 7 * 15
