"""Each advice that is a change of the plan gives a plan that does what it says, and that can be trained."""

from typing import get_args

import pytest

from core.plans import REMEDIES, Advice, Plan, checked

STAGES = 5  # of the backbone of `recipe_plan`


def made(plan: Plan, advice: Advice) -> Plan:
    changed = REMEDIES[advice].change(plan)
    assert checked(changed) == changed
    return changed


def test_every_advice_is_a_change_of_the_plan_or_led_to_by_a_page():
    assert set(get_args(Advice)) - set(REMEDIES) == {"more photos"}


def test_more_epochs_are_twice_as_many(recipe_plan):
    assert made(recipe_plan("head-first"), "more epochs").epochs == 54


@pytest.mark.parametrize(("advice", "divisor"), [("a third of the rates", 3), ("a tenth of the rates", 10)])
def test_all_rates_fall_alike(recipe_plan, advice: Advice, divisor: float):
    plan = recipe_plan("head-first")
    for before, after in zip(plan.phases, made(plan, advice).phases, strict=True):
        assert after.head_rate == pytest.approx(before.head_rate / divisor, rel=1e-2)
        assert after.stage_rates == pytest.approx([rate / divisor for rate in before.stage_rates], rel=1e-2)


def test_stages_or_head_alone_change_their_rates(recipe_plan):
    plan = recipe_plan("top")
    slower, faster = made(plan, "a tenth of the stage rates"), made(plan, "a higher head rate")
    assert slower.phases[0].stage_rates[-1] == pytest.approx(plan.phases[0].stage_rates[-1] / 10)
    assert slower.phases[0].head_rate == plan.phases[0].head_rate
    assert faster.phases[0].head_rate == pytest.approx(3 * plan.phases[0].head_rate)
    assert faster.phases[0].stage_rates == plan.phases[0].stage_rates


def test_one_more_stage_is_frozen_or_learns(recipe_plan):
    top = recipe_plan("top")
    assert made(top, "freeze more").first_trainable_stage == STAGES
    assert made(top, "free one more").first_trainable_stage == STAGES - 2
    assert made(recipe_plan("head-first"), "freeze more").first_trainable_stage == 1
    everything = recipe_plan("scratch")
    assert made(everything, "free one more") == everything


def test_dropout_grows_up_to_a_half(recipe_plan):
    plan, seen = recipe_plan("feature-extraction"), []
    for _ in range(6):
        plan = made(plan, "dropout")
        seen.append(plan.head.dropout)
    assert seen == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.5, 0.5])
