"""The estimate is the sum that can be done by hand from what the calibration measured."""

from dataclasses import replace

import pytest

from core.job import CHECKPOINT_SECONDS, COST_SHARE
from core.plans import (
    NO_AUGMENTATION,
    BackboneChoice,
    Optimizer,
    Teacher,
    make_plan,
    num_views,
    set_epochs,
    set_phase,
    set_teacher,
)
from core.profiling.estimate import (
    CACHE_READ_SECONDS,
    CACHE_WRITE_SECONDS,
    CHOICE_SECONDS,
    EPOCH_SECONDS,
    PROCESS_BYTES,
    SNAPSHOT_SECONDS,
    START_SECONDS,
    TRIAL_SECONDS,
    CostProfile,
    Counts,
    MachineState,
    estimate,
    phase_seconds,
    room_needed,
    trainable_parameters,
)
from tests.fixtures.plans import make_dataset

MEASURED = CostProfile(
    prefix_seconds=(0.0, 1e-3, 2e-3, 3e-3, 4e-3, 5e-3),
    suffix_seconds=(15e-3, 12e-3, 9e-3, 6e-3, 3e-3, 1e-4),
    step_bytes=(6e6, 5e6, 4e6, 3e6, 2e6, 1e6),
    cached_bytes=(0.0, 5e4, 4e4, 3e4, 2e4, 2e3),
    parameters=(10_000, 100_000, 500_000, 2_000_000, 2_500_000),
    forward_bytes=2e6,
    decode_seconds=2e-3,
    augment_seconds=5e-4,
    step_seconds=1e-3,
    start_seconds=0.5,
    save_seconds=0.01,
    save_seconds_per_byte=1e-9,
)
HEAD = 10  # parameters
PHOTOS = Counts(training=200, validation=40)
ONCE = START_SECONDS + 3 * 0.5 + 240 * 2e-3 + 80 * 5e-3  # starting, decoding, scoring the best; of 200 and 40 photos


def state_bytes(learning: int) -> int:
    """Weights and AdamW's two averages."""
    return 4 * learning * 3


def written(learning: int) -> float:
    """Two checkpoints on the disk."""
    return 2 * (0.01 + 1e-9 * state_bytes(learning))


def with_checkpoint(epoch: float, learning: int) -> float:
    """An epoch with its snapshot, and as much of two checkpoints as may be written meanwhile."""
    return epoch + SNAPSHOT_SECONDS * state_bytes(learning) + min(written(learning), COST_SHARE * epoch)


def test_frozen_photos_that_stay_the_same_are_computed_once(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "feature-extraction")
    assert plan.augmentation == NO_AUGMENTATION
    frozen_written = 1e-9 * 4 * 5_110_000
    forward_seconds = 240 * (5e-3 + CACHE_WRITE_SECONDS * 2e3)
    steps = 200 * (1e-4 + CACHE_READ_SECONDS * 2e3) + -(-200 // plan.batch_size) * 1e-3
    epoch = with_checkpoint(EPOCH_SECONDS + steps + 80 * CACHE_READ_SECONDS * 2e3, HEAD)
    tried = 200 * CHOICE_SECONDS + 240 * TRIAL_SECONDS  # heads, on what is kept of the photos
    by_hand = ONCE + frozen_written + forward_seconds + plan.epochs * epoch + written(HEAD) + tried
    assert estimate(plan, PHOTOS, MEASURED, HEAD).seconds == pytest.approx(by_hand)


def test_a_target_is_decoded_and_computed_like_photos_for_training(dataset, card, stages):
    plan = set_epochs(make_plan(dataset, card, stages, "top"), 7)
    alone, adapted = (estimate(plan, replace(PHOTOS, target=n), MEASURED, HEAD).seconds for n in (0, 60))
    views = num_views(plan, plan.phases[0])
    per_photo = 2e-3 + (1 + views) * (4e-3 + CACHE_WRITE_SECONDS * 2e4) + views * 5e-4
    steps = 7 * 200 * (3e-3 + CACHE_READ_SECONDS * 2e4)  # as many photos of the target as of the source
    # Longer epochs leave room for longer writing meanwhile.
    assert adapted - alone == pytest.approx(60 * per_photo + (1 + COST_SHARE) * steps, rel=0.15)


def test_what_an_earlier_run_kept_is_not_looked_at_again(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "feature-extraction")
    first, again = (
        estimate(plan, PHOTOS, MEASURED, HEAD, MachineState(cached_stages=known)).seconds for known in ((), {5})
    )
    assert first - again == pytest.approx(240 * (5e-3 + CACHE_WRITE_SECONDS * 2e3))
    assert estimate(plan, PHOTOS, MEASURED, HEAD, MachineState(cached_stages={4})).seconds == first


def top(dataset, card, stages, epochs: int, cached_views: int | None):
    plan = set_epochs(make_plan(dataset, card, stages, "top"), epochs)
    changes = plan.augmentation.model_copy(update={"cached_views": cached_views})
    return plan.model_copy(update={"augmentation": changes})


def test_changed_photos_that_are_new_in_each_epoch_go_through_everything_and_those_that_judge_only_once(
    dataset, card, stages
):
    plan = top(dataset, card, stages, epochs=7, cached_views=0)
    forward_seconds = 80 * (4e-3 + CACHE_WRITE_SECONDS * 2e4)
    steps = 200 * (4e-3 + 3e-3 + 5e-4) + -(-200 // plan.batch_size) * 1e-3
    epoch = with_checkpoint(EPOCH_SECONDS + steps + 80 * (1e-3 + CACHE_READ_SECONDS * 2e4), 2_500_000 + HEAD)
    by_hand = ONCE + 1e-9 * 4 * 2_610_000 + forward_seconds + 7 * epoch + written(2_500_000 + HEAD)
    assert estimate(plan, PHOTOS, MEASURED, HEAD).seconds == pytest.approx(by_hand)


def test_views_that_are_cached_are_computed_once_each(dataset, card, stages):
    plan = top(dataset, card, stages, epochs=7, cached_views=3)
    forward_seconds = (80 + 3 * 200) * (4e-3 + CACHE_WRITE_SECONDS * 2e4) + 3 * 200 * 5e-4
    steps = 200 * (3e-3 + CACHE_READ_SECONDS * 2e4) + -(-200 // plan.batch_size) * 1e-3
    epoch = with_checkpoint(EPOCH_SECONDS + steps + 80 * (1e-3 + CACHE_READ_SECONDS * 2e4), 2_500_000 + HEAD)
    by_hand = ONCE + 1e-9 * 4 * 2_610_000 + forward_seconds + 7 * epoch + written(2_500_000 + HEAD)
    assert estimate(plan, PHOTOS, MEASURED, HEAD).seconds == pytest.approx(by_hand)


def test_checkpoints_that_cost_much_are_written_seldom(dataset, card, stages):
    plan, phase_epochs = set_epochs(make_plan(dataset, card, stages, "top"), 7), 7
    slow_disk = replace(MEASURED, save_seconds=50.0)
    free, paid = (
        estimate(plan, PHOTOS, costs, HEAD).seconds for costs in (replace(MEASURED, save_seconds=0.0), slow_disk)
    )
    assert paid - free < 2 * 50 + phase_epochs * COST_SHARE * free  # not once per epoch, but at the end


def test_a_long_epoch_writes_a_checkpoint_every_minute(dataset, card, stages):
    plan = set_epochs(make_plan(dataset, card, stages, "scratch"), 1)
    (phase,) = plan.phases
    [hour] = phase_seconds(plan, phase, Counts(int(3600 / 15e-3), 0), MEASURED, HEAD)
    [without] = phase_seconds(
        plan, phase, Counts(int(3600 / 15e-3), 0), replace(MEASURED, save_seconds=0.0, save_seconds_per_byte=0.0), HEAD
    )
    one = written(5_110_000 + HEAD) / 2
    assert hour - without == pytest.approx((without // CHECKPOINT_SECONDS + 2) * one)


def test_what_is_decoded_already_costs_nothing(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "top")
    whole, decoded = (
        estimate(plan, PHOTOS, MEASURED, 10),
        estimate(plan, PHOTOS, MEASURED, 10, MachineState(decoded=True)),
    )
    assert whole.seconds - decoded.seconds == pytest.approx(240 * 2e-3)


def test_the_start_is_what_earlier_runs_of_the_network_took(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "top")
    costs = replace(MEASURED, correction=2.0)
    guessed, learned = (estimate(plan, PHOTOS, costs, 10, MachineState(start_seconds=s)) for s in (None, 9.0))
    assert guessed.start_seconds == pytest.approx(2 * (START_SECONDS + 2 * 0.5 + 240 * 2e-3))
    assert learned.start_seconds == pytest.approx(9.0 + 2 * 240 * 2e-3)
    assert learned.seconds - guessed.seconds == pytest.approx(learned.start_seconds - guessed.start_seconds)


def test_what_runs_really_took_scales_all(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "top")
    once, corrected = (estimate(plan, PHOTOS, replace(MEASURED, correction=c), 10) for c in (1.0, 1.5))
    assert corrected.seconds == pytest.approx(1.5 * once.seconds)
    assert corrected.memory_bytes == once.memory_bytes


def test_a_step_holds_weights_gradients_averages_snapshots_and_what_it_must_remember(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    weights = 4 * (5_110_000 + HEAD)
    by_hand = PROCESS_BYTES + 2 * 3 * weights + (weights + plan.batch_size * 6e6)  # the state and a snapshot of it
    assert estimate(plan, PHOTOS, MEASURED, HEAD).memory_bytes == int(by_hand)


def test_a_batch_in_parts_holds_as_many_photos_as_a_part(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    weights = 4 * (5_110_000 + HEAD)
    in_parts = estimate(plan, PHOTOS, replace(MEASURED, forward_bytes=1.0), HEAD, MachineState(micro_batch_size=8))
    assert in_parts.memory_bytes == int(PROCESS_BYTES + 2 * 3 * weights + weights + 8 * 6e6)


def test_the_best_and_the_last_epoch_may_be_in_memory_at_once(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    light = replace(MEASURED, forward_bytes=1.0, step_bytes=(1.0,) * 6)
    assert estimate(plan, PHOTOS, light, HEAD).memory_bytes == PROCESS_BYTES + 3 * state_bytes(5_110_000 + HEAD)


def test_an_average_of_the_weights_is_held_beside_them(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    averaged = plan.model_copy(update={"optimizer": plan.optimizer.model_copy(update={"ema_decay": 0.99})})
    without, found = (estimate(each, PHOTOS, MEASURED, HEAD).memory_bytes for each in (plan, averaged))
    assert found - without == 2 * 4 * (5_110_000 + HEAD)  # and in the snapshot


def test_where_little_trains_the_forward_pass_holds_the_most(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "feature-extraction").model_copy(update={"batch_size": 4})
    found = estimate(plan, PHOTOS, MEASURED, HEAD)
    assert found.memory_bytes == int(PROCESS_BYTES + 4 * 5_110_000 + 2 * state_bytes(HEAD) + 64 * 2e6)


def test_learning_more_stages_takes_more_time_and_memory(dataset, card, stages):
    top, full = (estimate(make_plan(dataset, card, stages, r), PHOTOS, MEASURED, 10) for r in ("top", "head-first"))
    assert full.seconds > top.seconds
    assert full.memory_bytes > top.memory_bytes


def test_trainable_parameters_are_those_of_stages_free_in_any_phase(dataset, card, stages):
    counts = tuple(stage.parameters for stage in stages)
    assert trainable_parameters(make_plan(dataset, card, stages, "feature-extraction"), counts, 77) == 77
    assert trainable_parameters(make_plan(dataset, card, stages, "top"), counts, 77) == 2_500_077
    assert trainable_parameters(make_plan(make_dataset({"a": 9, "b": 9}), card, stages, "gradual"), counts, 0) == sum(
        counts
    )


@pytest.mark.parametrize(("recipe", "views"), [("feature-extraction", 1), ("head-first", 4)])
def test_a_teacher_predicts_each_view_of_each_training_photo_once(dataset, card, stages, recipe: str, views: int):
    plan = set_phase(make_plan(dataset, card, stages, recipe), 0, solver="optimizer")  # as beside a teacher
    if views > 1:  # as many views without a teacher, so that only its predictions are more
        plan = plan.model_copy(update={"augmentation": plan.augmentation.model_copy(update={"cached_views": views})})
    distilled = set_teacher(plan, Teacher(backbone=BackboneChoice(name="resnet18")))
    measured = replace(MEASURED, teacher_seconds=7e-3, teacher_cached_bytes=3_000, teacher_bytes=40_000_000)
    without, found = estimate(plan, PHOTOS, MEASURED, HEAD), estimate(distilled, PHOTOS, measured, HEAD)
    assert found.seconds - without.seconds == pytest.approx(views * 200 * (7e-3 + CACHE_WRITE_SECONDS * 3_000))
    assert found.memory_bytes - without.memory_bytes == 40_000_000


def test_a_run_keeps_what_is_frozen_once_and_three_checkpoints_at_most(dataset, card, stages):
    parameters = MEASURED.parameters
    frozen = make_plan(dataset, card, stages, "feature-extraction")
    assert room_needed(frozen, parameters, HEAD) == 4 * 5_110_000 + 3 * 4 * HEAD * 3
    free = make_plan(dataset, card, stages, "scratch")
    assert room_needed(free, parameters, HEAD) == 3 * 4 * (5_110_000 + HEAD) * 3
    sgd = Optimizer(kind="sgd", ema_decay=0.99)  # momentum, and the average beside the weights
    assert room_needed(free.model_copy(update={"optimizer": sgd}), parameters, HEAD) == 3 * 4 * (5_110_000 + HEAD) * 3
