"""The plan page's choices against forgetting and learning by heart, and its one slider for all rates."""

import pytest

from core.plans import has_l2_sp, layer_decay_of
from dashboard.plan import summary
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import labelled, plan_of
from tests.fixtures.made_runs import STARTER


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 min 20 s", "900 MB", settled=True))


def test_what_keeps_a_network_from_forgetting_reaches_the_plan(open_page, small) -> None:
    app = open_page("plan", dataset=small.id, model=STARTER)
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    labelled(app.toggle, "Stay near the start").set_value(True).run()
    labelled(app.number_input, "Pull to the start").set_value(0.5).run()
    labelled(app.toggle, "Draw rare classes more often").set_value(True).run()
    labelled(app.number_input, "Soup of epochs, 0 is off").set_value(3).run()
    labelled(app.number_input, "Stochastic depth, 0 is off").set_value(0.1).run()
    plan = plan_of(app)
    assert has_l2_sp(plan)
    assert (plan.objectives[-1].pull, plan.optimizer.weight_decay) == (0.5, 0.0)
    assert (plan.sampling, plan.soup, plan.drop_path) == ("balanced", 3, 0.1)
    labelled(app.toggle, "Stay near the start").set_value(False).run()
    assert not has_l2_sp(plan_of(app))


def test_a_soup_of_one_epoch_is_refused_where_it_was_asked_for(open_page, small) -> None:
    app = open_page("plan", dataset=small.id, model=STARTER)
    labelled(app.number_input, "Soup of epochs, 0 is off").set_value(1).run()
    assert "a soup of one epoch is that epoch" in words(app)
    assert plan_of(app).soup == 0


def test_a_network_without_parts_to_leave_out_is_not_asked(open_page, small) -> None:
    app = open_page("plan", dataset=small.id, model="graft-efficientvit-b0")
    assert not [each for each in app.number_input if each.label.startswith("Stochastic depth")]


def test_one_slider_fills_in_the_rates_of_all_stages(open_page, small) -> None:
    app = open_page("plan", dataset=small.id, model=STARTER)
    label = "Rate from stage to stage, towards the stem"
    assert not [each for each in app.select_slider if each.label == label], "nothing is free"
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    assert labelled(app.select_slider, label).value == 0.6
    labelled(app.select_slider, label).set_value(0.8).run()
    assert layer_decay_of(plan_of(app)) == 0.8
    assert labelled(app.segmented_control, "Recipe").value == "head-first"
