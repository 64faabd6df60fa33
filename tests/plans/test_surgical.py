"""Plans in which one part of the network learns alone with the head."""

import pytest

from core.errors import BadPlan
from core.plans import check_plan, make_plan, plan_of_part, set_optimizer, take_part, trial_epochs


def test_one_stage_alone_learns_after_a_fitted_head(dataset, card, stages):
    plan = set_optimizer(make_plan(dataset, card, stages, "gradual"), ema_decay=0.9)
    tried = plan_of_part(plan, 2, epochs=3)
    assert [any(phase.stage_rates) for phase in tried.phases] == [False, True]
    assert [rate > 0 for rate in tried.phases[1].stage_rates] == [number == 2 for number in range(len(stages))]
    assert (tried.phases[0].solver, tried.phases[1].epochs, tried.optimizer.ema_decay) == ("lbfgs", 3, 0)
    assert len(plan_of_part(plan, None, epochs=3).phases) == 1
    taken = take_part(plan, 2)
    assert taken.phases[1].stage_rates == tried.phases[1].stage_rates
    assert taken.optimizer == plan.optimizer, "what was left out for the trial stays"
    assert not [check for check in check_plan(tried, dataset, card, stages) if check.level == "stop"]


def test_random_weights_have_no_part_worth_keeping(dataset, card, stages):
    with pytest.raises(BadPlan, match="Random weights know nothing yet"):
        plan_of_part(make_plan(dataset, card, stages, "scratch"), 0, epochs=1)


def test_few_photos_are_seen_more_often_than_many():
    assert [trial_epochs(photos) for photos in (0, 100, 480, 1_500, 50_000)] == [5, 5, 3, 1, 1]
