"""Find the best for me: a search of some minutes, its table, and the best taken into the plan."""

import pytest

from core.backbones import describe_stages, get_card
from core.datasets import Dataset
from core.execution import Best, OutOfTime, Tried
from core.home import Home
from core.plans import make_plan
from core.tasks import margin
from dashboard.plan import best, summary
from dashboard.shared import background_jobs
from dashboard.shared.background_jobs import Cancelled
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import plan_of

NETWORK = "graft-mobilenetv4-050"


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, small: Dataset) -> None:
    """What a search finds at once: one network at another size than the plan has."""
    card = get_card(NETWORK)
    plan = make_plan(small, card, describe_stages(card), image_size=64)

    def find_best(home, dataset, task, seconds, progress):
        progress(0, int(seconds), "looking")
        yield Tried(card.title, 64, "Logistic regression", 24, margin(20, 24), True, 1.0)
        yield Best(plan, ("It was the best of 3.",), 0.021)

    monkeypatch.setattr(best, "find_best", find_best)
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 min 20 s", "900 MB", settled=True))


def test_a_search_shows_its_table_and_the_best_is_taken_into_the_plan(open_page, small: Dataset, home: Home):
    app = open_page("plan", dataset=small.id)
    app.button(key="find_best").click().run()
    while background_jobs.running("trial"):
        pass
    app.run()
    assert not app.exception
    said = words(app)
    assert "Graft small, 64 px" in said
    assert "It was the best of 3. Chosen among several by the same photos, the network may look 2.1 points" in said
    app.button(key="take_best").click().run()
    assert not app.exception
    assert (plan_of(app).backbone.name, plan_of(app).image_size) == (NETWORK, 64)
    assert "It was the best of 3." in words(app)  # of these photos, whatever the network


def test_who_cancels_gets_the_best_so_far(home: Home, small: Dataset, monkeypatch: pytest.MonkeyPatch):
    def find_best(home, dataset, task, seconds, progress):
        with pytest.raises(OutOfTime):
            progress(0, 1, "looking")
        yield Best(make_plan(small, get_card(NETWORK), describe_stages("graft-mobilenetv4-050")), (), 0.0)

    def cancelled(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(best, "find_best", find_best)
    best._search(home, "a search", small, "class", 60, cancelled)
    assert isinstance(best._found["a search"][0], Best)
