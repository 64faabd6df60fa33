"""A plan with a target: the dataset and the objective that adapts to it come and go together."""

import pytest

from core.objectives import CrossEntropy, Dann, MinimumClassConfusion
from core.plans import (
    ADAPTATION_METHODS,
    change,
    check_plan,
    make_plan,
    method_of,
    parse_plan,
    set_target,
    with_recipe,
    without_target,
)


@pytest.fixture
def plan(dataset, card, stages):
    return make_plan(dataset, card, stages, "head-first")


def test_a_target_comes_with_the_objective_that_adapts_to_it_and_goes_with_it(plan):
    adapted = set_target(plan, "others", 3)
    assert (adapted.target.id, adapted.target.version, adapted.source) == ("others", 3, plan.source)
    assert adapted.objectives == (CrossEntropy(), MinimumClassConfusion())
    assert (method_of(adapted), method_of(plan)) == ("mcc", None)
    assert without_target(adapted) == plan
    assert parse_plan(adapted.model_dump_json()) == adapted


def test_another_method_takes_the_place_of_the_one_before_and_the_same_keeps_its_settings(plan):
    adapted = set_target(plan, "others", 3, "dann")
    weighted = adapted.model_copy(update={"objectives": (CrossEntropy(), Dann(weight=2))})
    assert set_target(weighted, "others", 4, "dann").objectives == (CrossEntropy(), Dann(weight=2))
    assert set_target(weighted, "others", 4, "coral").objectives[1].kind == "coral"


def test_the_methods_are_the_objectives_that_need_a_target():
    assert set(ADAPTATION_METHODS) == {"dann", "coral", "mmd", "mcc"}


def test_batch_norm_alone_may_adapt_and_goes_with_the_target(plan):
    adapted = set_target(plan, "others", 3).model_copy(update={"adaptive_batch_norm": True})
    alone = change(adapted.model_copy(update={"objectives": (CrossEntropy(),)}), "epochs=2")
    assert (alone.target.id, method_of(alone)) == ("others", None)
    assert without_target(adapted) == plan


def test_another_recipe_keeps_the_target(plan, stages):
    adapted = set_target(plan, "others", 3)
    assert with_recipe(adapted, "top", len(stages)).datasets == adapted.datasets


@pytest.mark.parametrize(("method", "stops"), [("dann", True), ("mmd", True), ("coral", False), ("mcc", False)])
def test_a_method_that_changes_features_alone_is_stopped_where_everything_is_frozen(
    dataset, card, stages, method: str, stops: bool
):
    frozen = set_target(make_plan(dataset, card, stages, "feature-extraction"), "others", 1, method)
    found = [check.sentence for check in check_plan(frozen, dataset, card, stages) if check.level == "stop"]
    sentence = "Only the head learns, and adaptation changes what comes before it: free a stage."
    assert found == ([sentence] if stops else [])


def test_a_frozen_method_is_not_stopped_where_a_later_phase_frees_a_stage(plan, dataset, card, stages):
    adapted = set_target(plan, "others", 1, "dann")
    assert not [check for check in check_plan(adapted, dataset, card, stages) if check.level == "stop"]
