"""Holding a network near its start is one switch, and said to be of no use where it is."""

import pytest

from core.plans import check_plan, has_l2_sp, make_plan, set_l2_sp, set_optimizer


def test_it_takes_the_place_of_weight_decay_and_gives_it_back(recipe_plan):
    plan = recipe_plan("top")
    held = set_l2_sp(plan, True)
    assert (has_l2_sp(held), held.optimizer.weight_decay) == (True, 0.0)
    assert set_l2_sp(held, True) == held
    assert set_l2_sp(held, False) == plan


def test_a_weight_decay_set_by_hand_stays(recipe_plan):
    plan = set_optimizer(recipe_plan("top"), weight_decay=0.2)
    assert set_l2_sp(plan, True).optimizer.weight_decay == 0.2
    held = set_optimizer(set_l2_sp(plan, True), weight_decay=0.3)
    assert set_l2_sp(held, False).optimizer.weight_decay == 0.3


@pytest.mark.parametrize(
    ("recipe", "level", "sentence"),
    [
        ("feature-extraction", "stop", "Only the head learns, so nothing leaves its start"),
        ("scratch", "stop", "Random weights are not worth staying near"),
    ],
)
def test_where_it_makes_no_sense_the_plan_stops(dataset, card, stages, recipe: str, level: str, sentence: str):
    plan = set_l2_sp(make_plan(dataset, card, stages, recipe), True)
    assert any(sentence in each.sentence for each in check_plan(plan, dataset, card, stages) if each.level == level)


def test_two_pulls_in_two_directions_are_warned_of(dataset, card, stages):
    held = set_l2_sp(make_plan(dataset, card, stages, "top"), True)
    both = set_optimizer(held, weight_decay=0.1)
    found = {
        plan: [c.sentence for c in check_plan(plan, dataset, card, stages) if "L2-SP" in c.sentence]
        for plan in (held, both)
    }
    assert found == {held: [], both: ["Weight decay pulls to zero what L2-SP holds near its start: set it to 0."]}
