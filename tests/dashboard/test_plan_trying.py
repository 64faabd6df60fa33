"""What the plan page tries out before training: on a thread, shown when it is done, taken by a click."""

import threading
from collections.abc import Callable

import pytest

from core.evaluation import PartTried, RateCurve
from core.plans import top_rate
from core.tasks import margin
from dashboard.plan import rate_finder, summary, which_part
from dashboard.shared.background_jobs import Cancelled
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import labelled, plan_of
from tests.fixtures.made_runs import STARTER

RATES = tuple(10 ** (-6 + step / 5) for step in range(30))
LOSSES = tuple(1 + abs(step - 20) / 20 for step in range(30))


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 min 20 s", "900 MB", settled=True))


def wait_for_trials() -> None:
    for thread in threading.enumerate():
        if thread.name == "graft-trial":
            thread.join(30)


def test_a_rate_that_was_found_is_shown_and_taken_by_a_click(
    open_page: Callable, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = (RateCurve("head", RATES, LOSSES), RateCurve("stages", RATES, LOSSES))
    monkeypatch.setattr(rate_finder, "find_rates", lambda *_: curves)
    app = open_page("plan", dataset=small.id, model=STARTER)
    labelled(app.segmented_control, "Recipe").set_value("head-first").run()
    before = plan_of(app)
    app.button(key="try_rates").click().run()
    wait_for_trials()
    app.run()
    assert words(app).count("a tenth of that") == 2
    assert "The head is fitted here and needs no rate." in words(app)
    suggested = curves[1].suggestion
    app.button(key="take_rate_stages").click().run()
    taken = plan_of(app)
    assert top_rate(taken.phases[1]) == suggested != top_rate(before.phases[1])
    assert taken.phases[0] == before.phases[0]
    assert f"The plan has {suggested:g}." in words(app)
    labelled(app.slider, "Epochs").set_value(33).run()
    assert "The plan has changed since" in words(app)


PARTS = (
    PartTried(None, "head alone", 0.5, margin(40, 60)),
    PartTried(4, "stage 4", 0.6, margin(38, 60)),
    PartTried(1, "stage 1", 0.3, margin(50, 60), 0.2, 0.05),
)


def test_the_part_that_wants_to_learn_is_named_and_taken_by_a_click(
    open_page: Callable, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(which_part, "try_parts", lambda *_: iter(PARTS))
    app = open_page("plan", dataset=small.id, model=STARTER)
    app.button(key="try_parts").click().run()
    wait_for_trials()
    app.run()
    assert "Stage 1 wants to learn" in words(app)
    app.button(key="take_part").click().run()
    rates = plan_of(app).phases[1].stage_rates
    assert [number for number, rate in enumerate(rates) if rate] == [1]


def test_what_was_tried_before_it_was_stopped_is_shown(open_page: Callable, small, monkeypatch) -> None:
    def stopped(*_):
        yield from PARTS[:2]
        raise Cancelled

    monkeypatch.setattr(which_part, "try_parts", stopped)
    app = open_page("plan", dataset=small.id, model=STARTER)
    app.button(key="try_parts").click().run()
    wait_for_trials()
    app.run()
    assert "The head alone was best by validation loss" in words(app)


def test_random_weights_are_not_asked_which_part_wants_to_learn(open_page: Callable, small) -> None:
    app = open_page("plan", dataset=small.id, model=STARTER)
    labelled(app.segmented_control, "Recipe").set_value("scratch").run()
    assert not [button for button in app.button if button.key == "try_parts"]
