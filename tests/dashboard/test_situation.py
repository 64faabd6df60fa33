"""What do you have? leads to the technique for it, and fills in what can be filled in."""

import pytest

from dashboard.plan import summary
from dashboard.plan.situation import SENTENCES, TITLES
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import labelled, plan_of


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 min 20 s", "900 MB", settled=True))


def answer(app, situation: str):
    labelled(app.selectbox, "What do you have?").select(situation).run()
    assert not app.exception
    return app


def test_who_has_labelled_photos_reads_nothing_more(open_page, small):
    app = open_page("plan", dataset=small.id)
    question = labelled(app.selectbox, "What do you have?")
    assert (question.value, question.options) == ("labelled", list(TITLES.values()))
    assert not any(sentence in words(app) for sentence in SENTENCES.values())


def test_another_place_opens_the_part_of_the_page_for_it(open_page, small):
    app = answer(open_page("plan", dataset=small.id), "another place")
    assert "transductive transfer" in words(app)
    assert labelled(app.expander, "Photos from another place").proto.expanded


def test_several_labels_are_all_learned_where_there_are_some(open_page, small, two_tasks):
    app = answer(open_page("plan", dataset=two_tasks.id), "several labels")
    assert plan_of(app).tasks == ("kind", "colour")
    assert "multi-task learning" in words(app)
    app = answer(open_page("plan", dataset=small.id), "several labels")
    assert "one label each so far" in words(app)


@pytest.mark.parametrize(("situation", "term"), [("few labels", "active learning"), ("no labels", "unsupervised")])
def test_where_labels_are_missing_it_says_how_to_get_some(open_page, small, situation: str, term: str):
    assert term in words(answer(open_page("plan", dataset=small.id), situation))
