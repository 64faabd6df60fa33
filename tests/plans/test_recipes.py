"""Each recipe freezes what its name says, at rates that do not spoil what was learned before."""

import pytest

from core.plans import RECIPES, EarlyStopping, Optimizer, make_plan, recipe_of, set_rate, with_recipe
from tests.fixtures.plans import make_dataset


@pytest.mark.parametrize("recipe", [r.id for r in RECIPES])
def test_a_recipe_is_recognised_by_its_pattern_of_frozen_stages(dataset, card, stages, recipe: str):
    assert recipe_of(make_plan(dataset, card, stages, recipe)) == recipe


def test_feature_extraction_freezes_everything_but_the_head(dataset, card, stages):
    (phase,) = make_plan(dataset, card, stages, "feature-extraction").phases
    assert phase.stage_rates == (0,) * 5
    assert phase.head_rate > 0
    assert phase.first_trainable_stage == 5


def test_gradual_unfreezing_frees_one_stage_more_in_each_phase(dataset, card, stages):
    phases = make_plan(dataset, card, stages, "gradual").phases
    assert [phase.first_trainable_stage for phase in phases] == [5, 4, 3, 2, 1, 0]


def test_head_first_trains_the_head_alone_then_everything(dataset, card, stages):
    first, then = make_plan(dataset, card, stages, "head-first").phases
    assert (first.first_trainable_stage, then.first_trainable_stage) == (5, 0)


@pytest.mark.parametrize("recipe", ["top", "head-first", "gradual"])
def test_pretrained_stages_never_learn_faster_than_the_head_and_slower_towards_the_stem(dataset, card, stages, recipe):
    for phase in make_plan(dataset, card, stages, recipe).phases:
        free = [rate for rate in phase.stage_rates if rate > 0]
        assert free == sorted(free)
        assert all(rate < phase.head_rate for rate in free)


def test_from_scratch_begins_with_random_weights_and_the_others_do_not(dataset, card, stages):
    weights = {r.id: make_plan(dataset, card, stages, r.id).backbone.weights for r in RECIPES}
    assert weights.pop("scratch") == "random"
    assert set(weights.values()) == {"pretrained"}


def test_another_recipe_keeps_what_else_was_chosen(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "scratch").model_copy(update={"seed": 7, "image_size": 128})
    changed = with_recipe(plan, "top", 5)
    assert (changed.seed, changed.image_size, changed.backbone.weights) == (7, 128, "pretrained")
    assert recipe_of(changed) == "top"


@pytest.mark.parametrize("before", [r.id for r in RECIPES])
@pytest.mark.parametrize("after", [r.id for r in RECIPES])
def test_a_recipe_that_is_chosen_later_is_the_one_that_one_begins_with(dataset, card, stages, before: str, after: str):
    begun = make_plan(dataset, card, stages, before)
    assert with_recipe(begun, after, len(stages)) == make_plan(dataset, card, stages, after)


def test_what_somebody_set_against_overfitting_stays_with_another_recipe(dataset, card, stages):
    plan = make_plan(dataset, card, stages)
    chosen = {"optimizer": Optimizer(weight_decay=0.3), "early_stopping": EarlyStopping(patience=2)}
    changed = with_recipe(plan.model_copy(update=chosen), "scratch", len(stages))
    assert (changed.optimizer.weight_decay, changed.early_stopping.patience) == (0.3, 2)


def test_a_plan_of_ones_own_is_no_recipe(dataset, card, stages):
    assert recipe_of(set_rate(make_plan(dataset, card, stages), 0, 0, 1e-4)) is None


@pytest.mark.parametrize(("photos", "batch"), [(8, 4), (40, 8), (3_000, 32)])
def test_a_small_dataset_gets_small_batches(card, stages, photos: int, batch: int):
    assert make_plan(make_dataset({"a": photos // 2, "b": photos // 2}), card, stages).batch_size == batch
