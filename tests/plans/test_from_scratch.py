"""The same plan without transfer keeps all that transfers nothing."""

import pytest

from core.errors import BadPlan
from core.objectives import CrossEntropy, L2Sp
from core.plans import from_scratch, recipe_of, set_augmentation, set_epochs, set_l2_sp, set_target, take_head


def test_from_scratch_keeps_all_that_transfers_nothing(recipe_plan):
    plan = set_augmentation(recipe_plan("top"), rotate=30.0)
    scratch = from_scratch(plan)
    assert (scratch.backbone.weights, recipe_of(scratch), scratch.epochs) == ("random", "scratch", 30)
    assert scratch.augmentation == plan.augmentation
    same = ("datasets", "tasks", "objectives", "image_size", "batch_size", "seed")
    assert all(getattr(scratch, field) == getattr(plan, field) for field in same)
    assert from_scratch(set_epochs(plan, 45)).epochs == 45
    assert not from_scratch(recipe_plan("feature-extraction")).augmentation.off
    assert from_scratch(take_head(recipe_plan("top"), "nearest_centroid")).head.kind == "linear"


def test_what_holds_to_pretrained_weights_or_to_another_place_is_left_out(recipe_plan):
    plan = set_target(set_l2_sp(recipe_plan("top"), True), "d2", 1)
    assert [type(each) for each in plan.objectives][:2] == [CrossEntropy, L2Sp]
    assert from_scratch(plan) == from_scratch(recipe_plan("top"))
    with pytest.raises(BadPlan, match="began from random weights itself"):
        from_scratch(recipe_plan("scratch"))
