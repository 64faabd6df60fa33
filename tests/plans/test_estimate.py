"""The estimate is the sum that can be done by hand from what the calibration measured."""

import pytest

from core.plans import NO_AUGMENTATION, Calibration, estimate, in_words, learning_parameters, make_plan, set_epochs
from tests.plans.conftest import make_dataset

MEASURED = Calibration(
    prefix_seconds=(0.0, 1e-3, 2e-3, 3e-3, 4e-3, 5e-3),
    suffix_seconds=(15e-3, 12e-3, 9e-3, 6e-3, 3e-3, 1e-4),
    step_bytes=(6e6, 5e6, 4e6, 3e6, 2e6, 1e6),
    kept_bytes=(0.0, 5e4, 4e4, 3e4, 2e4, 2e3),
    parameters=(10_000, 100_000, 500_000, 2_000_000, 2_500_000),
    decode_seconds=2e-3,
    augment_seconds=5e-4,
    start_seconds=1.0,
)


def test_frozen_photos_that_stay_the_same_are_computed_once(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "feature-extraction")
    assert plan.augmentation == NO_AUGMENTATION
    by_hand = 1.0 + 240 * 2e-3 + 240 * 5e-3 + plan.epochs * 200 * 1e-4
    assert estimate(plan, 200, 40, MEASURED, 10).seconds == pytest.approx(by_hand)


def test_augmented_photos_go_through_everything_in_every_epoch_but_those_that_judge_only_once(dataset, card, stages):
    plan = set_epochs(make_plan(dataset, card, stages, "top"), 7)
    judged_once, judged_each_epoch = 80 * 4e-3, 80 * (5e-3 - 4e-3)
    by_hand = 1.0 + 240 * 2e-3 + judged_once + 7 * (200 * (4e-3 + 3e-3 + 5e-4) + judged_each_epoch)
    assert estimate(plan, 200, 40, MEASURED, 10).seconds == pytest.approx(by_hand)


def test_what_is_decoded_already_costs_nothing_and_a_correction_scales_all(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "top")
    whole, decoded = estimate(plan, 200, 40, MEASURED, 10), estimate(plan, 200, 40, MEASURED, 10, decoded=True)
    assert whole.seconds - decoded.seconds == pytest.approx(240 * 2e-3)


def test_learning_more_stages_takes_more_time_and_memory(dataset, card, stages):
    top, full = (estimate(make_plan(dataset, card, stages, r), 200, 40, MEASURED, 10) for r in ("top", "head-first"))
    assert full.seconds > top.seconds
    assert full.memory_bytes > top.memory_bytes


def test_learning_parameters_are_those_of_stages_free_in_any_phase(dataset, card, stages):
    counts = tuple(stage.parameters for stage in stages)
    assert learning_parameters(make_plan(dataset, card, stages, "feature-extraction"), counts, 77) == 77
    assert learning_parameters(make_plan(dataset, card, stages, "top"), counts, 77) == 2_500_077
    assert learning_parameters(make_plan(make_dataset({"a": 9, "b": 9}), card, stages, "gradual"), counts, 0) == sum(
        counts
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s"),
        (43, "about 45 s"),
        (59, "about 1 min"),
        (80, "about 1 min 20 s"),
        (599, "about 10 min"),
        (3_000, "about 50 min"),
        (7_600, "about 2 h 5 min"),
        (7_200, "about 2 h"),
    ],
)
def test_a_duration_is_said_as_a_person_would(seconds: float, words: str):
    assert in_words(seconds) == words
