"""Small changes give a whole, checked plan, and leave the one they began with alone."""

import pytest

from core.errors import BadPlan
from core.plans import change, make_plan, set_epochs, set_frozen, set_head_rate, set_phase, set_rate


@pytest.fixture
def plan(dataset, card, stages):
    return make_plan(dataset, card, stages, "top")


def test_a_click_frees_a_frozen_stage_at_its_neighbours_rate_and_a_second_freezes_it(plan):
    freed = set_frozen(plan, 0, 3, frozen=False)
    assert set_frozen(freed, 0, 3, frozen=False) == freed  # a click that is told twice
    assert freed.phases[0].stage_rates[3] == plan.phases[0].stage_rates[4]
    assert set_frozen(freed, 0, 3, frozen=True) == plan


def test_a_stage_without_a_learning_neighbour_gets_less_than_the_stage_after_it_would(plan):
    rates = set_frozen(set_frozen(plan, 0, 4, frozen=True), 0, 1, frozen=False).phases[0].stage_rates
    assert 0 < rates[1] < 1e-4


def test_the_head_cannot_be_frozen_by_a_click(plan):
    assert set_frozen(plan, 0, 5, frozen=True) == plan


def test_the_stage_after_the_last_is_the_head(plan):
    assert set_rate(plan, 0, 5, 0.5).phases[0].head_rate == 0.5


@pytest.mark.parametrize("epochs", [6, 7, 13, 100])
def test_epochs_are_shared_among_the_phases(dataset, card, stages, epochs: int):
    assert set_epochs(make_plan(dataset, card, stages, "gradual"), epochs).epochs == epochs


def test_fewer_epochs_than_phases_leaves_one_each(dataset, card, stages):
    assert [p.epochs for p in set_epochs(make_plan(dataset, card, stages, "gradual"), 2).phases] == [1] * 6


def test_the_head_rate_takes_all_rates_with_it(plan):
    faster = set_head_rate(plan, plan.phases[0].head_rate * 2)
    assert faster.phases[0].stage_rates[4] == pytest.approx(2 * plan.phases[0].stage_rates[4])


def test_the_head_rate_of_one_phase_takes_those_of_the_others_with_it(dataset, card, stages):
    plan = set_phase(make_plan(dataset, card, stages, "head-first"), 0, solver="optimizer")
    first, second = (phase.head_rate for phase in plan.phases)
    faster = set_head_rate(plan, 2 * first, phase=0)
    assert [phase.head_rate for phase in faster.phases] == pytest.approx([2 * first, 2 * second])
    assert faster == set_head_rate(plan, 2 * second)


def test_a_fitted_head_that_gets_a_rate_leaves_all_others_as_they_were(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    assert set_head_rate(plan, 0.01, phase=0) == set_phase(plan, 0, head_rate=0.01, solver="optimizer")


def test_a_frozen_head_that_gets_a_rate_leaves_all_others_as_they_were(dataset, card, stages):
    plan = make_plan(dataset, card, stages, "head-first")
    frozen = set_rate(plan, 1, len(stages), 0.0)
    assert set_head_rate(frozen, 0.01) == set_rate(plan, 1, len(stages), 0.01)


@pytest.mark.parametrize(
    ("assignment", "read"),
    [
        ("epochs=4", lambda p: p.epochs == 4),
        ("optimizer.weight_decay=0.5", lambda p: p.optimizer.weight_decay == 0.5),
        ("augmentation.flip=false", lambda p: p.augmentation.flip is False),
        ("phases.0.warmup_epochs=2", lambda p: p.phases[0].warmup_epochs == 2),
        ("precision=fp32", lambda p: p.precision == "fp32"),
        ("repeatable=true", lambda p: p.repeatable is True),
        ('early_stopping={"patience": 3}', lambda p: p.early_stopping.patience == 3),
    ],
)
def test_one_change_as_the_command_line_writes_it(plan, assignment: str, read):
    assert read(change(plan, assignment))


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("epochs", "field=value"),
        ("speed=3", 'no field "speed"'),
        ("phases.9.epochs=3", "no field"),
        ("epochs=0", "epochs=0"),
        ("batch_size=many", "batch_size"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_in_one_sentence(plan, assignment: str, sentence: str):
    with pytest.raises(BadPlan, match=sentence):
        change(plan, assignment)
