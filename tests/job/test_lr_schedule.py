"""Rates, step by step, against their formulas; batches in their order."""

import numpy as np
import pytest

from core.backbones import Stage
from core.job.batches import Role, clean_sample, epoch_batches, steps_per_epoch
from core.job.lr_schedule import learning_rates_at, phase_at, rates_over_time, schedule_factor, warmup_steps
from core.plans import Phase
from tests.fixtures.engine import make_plan, phase

STEPS, WARMUP = 20, 5


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        ("constant", lambda done: np.ones_like(done)),
        ("cosine", lambda done: (1 + np.cos(np.pi * done)) / 2),
        ("linear", lambda done: 1 - done),
    ],
)
def test_schedules_follow_their_formulas(schedule: str, formula):
    steps = np.arange(STEPS)
    expected = np.where(steps < WARMUP, (steps + 1) / WARMUP, formula((steps - WARMUP) / (STEPS - WARMUP)))
    found = [schedule_factor(schedule, step, STEPS, WARMUP) for step in steps.tolist()]
    np.testing.assert_allclose(found, expected)
    assert min(found) > 0


def test_a_warm_up_longer_than_its_phase_still_reaches_the_rate():
    assert schedule_factor("constant", 9, 10, warmup_steps(5.0, steps_per_epoch=10, epochs=1)) == 1


def test_an_epoch_belongs_to_the_phase_it_lies_in():
    plan = make_plan(phase(epochs=2), phase(epochs=1), phase(epochs=3))
    found = [(now.number, now.first_epoch) for now in (phase_at(plan, epoch) for epoch in range(6))]
    assert found == [(0, 0), (0, 0), (1, 2), (2, 3), (2, 3), (2, 3)]


def test_each_stage_has_its_own_rate_and_a_frozen_one_has_none():
    stages = [Stage(n, name, "", 0, (), ()) for n, name in enumerate(("stem", "stage 1"))]
    plan = Phase(epochs=2, stage_rates=(0.0, 0.5), head_rate=2.0, schedule="linear")
    assert learning_rates_at(plan, stages, step=10, steps_per_epoch=10) == {"stem": 0.0, "stage 1": 0.25, "head": 1.0}


@pytest.mark.parametrize("photos", [1, 7, 8, 9, 10, 16, 17, 26])
@pytest.mark.parametrize("size", [1, 2, 8, 100])
def test_every_photo_comes_once_per_epoch_and_never_alone(photos: int, size: int):
    batches = [b["source"] for b in epoch_batches({"source": np.arange(photos) * 3}, size, seed=0, epoch=0)]
    assert sorted(np.concatenate(batches).tolist()) == [3 * n for n in range(photos)]
    assert len(batches) == steps_per_epoch(photos, size)
    assert size == 1 or photos == 1 or min(len(batch) for batch in batches) > 1


def test_balanced_sampling_draws_each_class_alike_and_goes_through_its_photos_in_turn():
    strata = np.repeat([0, 1, 2], [900, 90, 10])
    batches = epoch_batches({"source": np.arange(1000)}, 32, seed=0, epoch=0, strata=strata)
    drawn = np.concatenate([batch["source"] for batch in batches])
    assert len(drawn) == 1000
    shares = np.bincount(strata[drawn]) / 1000
    assert np.abs(shares - 1 / 3).max() < 3 * np.sqrt(2 / 9 / 1000)  # three standard deviations of the binomial
    times = np.bincount(drawn, minlength=1000)
    for number in range(3):
        assert np.ptp(times[strata == number]) <= 1, "none comes again before all have come"


def test_balanced_sampling_has_an_order_of_its_own_in_each_epoch_and_the_same_when_asked_again():
    strata = np.repeat([0, 1], [30, 5])

    def order(epoch: int) -> list[int]:
        batches = epoch_batches({"source": np.arange(35)}, 8, seed=3, epoch=epoch, strata=strata)
        return np.concatenate([batch["source"] for batch in batches]).tolist()

    assert order(0) == order(0) != order(1)


def test_each_epoch_and_seed_has_an_order_of_its_own():
    rows: dict[Role, np.ndarray] = {"source": np.arange(20)}
    epochs = [epoch_batches(rows, 4, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    orders = {tuple(np.concatenate([batch["source"] for batch in batches])) for batches in epochs}
    assert len(orders) == 4


def test_the_clean_sample_is_as_large_as_validation_and_always_the_same():
    rows = np.arange(100, 5_000)
    sample = clean_sample(rows, 300, seed=1)
    assert len(sample) == len(set(sample.tolist())) == 300
    assert set(sample.tolist()) <= set(rows.tolist())
    assert np.array_equal(sample, clean_sample(rows, 300, seed=1))
    assert len(clean_sample(rows, 4_000, seed=1)) == 2_000
    assert len(clean_sample(rows[:50], 300, seed=1)) == 50


def test_rates_over_time_have_the_shape_that_training_gives_them():
    half = Phase(name="x", epochs=4, stage_rates=(0.0,), head_rate=1.0, schedule="linear", warmup_epochs=2.0)
    rates = rates_over_time(half, 9)
    assert rates == pytest.approx([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0], abs=0.05)
    assert rates_over_time(half.model_copy(update={"schedule": "constant", "warmup_epochs": 0.0}), 5) == [1.0] * 5
