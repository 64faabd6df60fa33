"""Layer decay: rates that fall towards the stem by one factor."""

import pytest

from core.errors import BadPlan
from core.plans import change, layer_decay_of, make_plan, set_layer_decay, set_rate


def rates(plan, phase: int = -1) -> tuple[float, ...]:
    return plan.phases[phase].stage_rates


def test_each_stage_has_the_rate_of_the_top_times_decay_to_the_power_of_its_distance(dataset, card, stages):
    plan = set_layer_decay(make_plan(dataset, card, stages, "head-first"), 0.5)
    top, count = rates(plan)[-1], len(stages)
    assert top == rates(make_plan(dataset, card, stages, "head-first"))[-1]
    assert rates(plan) == pytest.approx([top * 0.5 ** (count - 1 - stage) for stage in range(count)], rel=0.005)
    assert not any(rates(plan, 0)), "what the first phase freezes stays frozen"


@pytest.mark.parametrize("decay", [0.3, 0.6, 0.85, 1.0])
def test_a_decay_is_read_from_the_rates_again(dataset, card, stages, decay: float):
    assert layer_decay_of(set_layer_decay(make_plan(dataset, card, stages, "gradual"), decay)) == decay


def test_rates_of_ones_own_follow_none_and_a_recipe_its_own(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    assert layer_decay_of(plan) == 0.6
    assert layer_decay_of(set_rate(plan, 1, 0, 0.009)) is None
    assert layer_decay_of(make_plan(dataset, card, stages, "feature-extraction")) is None
    assert layer_decay_of(make_plan(dataset, card, stages, "top")) is None


def test_the_command_line_fills_them_in_too(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    assert change(plan, "layer_decay=0.75") == set_layer_decay(plan, 0.75)
    with pytest.raises(BadPlan, match="a number above 0 and at most 1"):
        change(plan, "layer_decay=2")
