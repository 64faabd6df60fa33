"""Simple heads on the plan page: compared at a press of a button, and taken into the plan."""

import numpy as np
import pytest

from core.datasets import Dataset
from core.evaluation import HeadSubject, OutOfFold, save_out_of_fold
from core.home import Home
from core.plans import SIMPLE_HEADS, BackboneChoice, set_l2_sp
from dashboard.plan import simple_heads, summary
from dashboard.plan.simple_heads import TITLE, row_in_html
from dashboard.shared import background_jobs
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import FIRST, labelled, plan_of


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "cost_of", lambda *_: summary.Cost("about 1 s", "900 MB", settled=True))


def keep_answers(home: Home, plan, tasks=None) -> None:
    """The more letters its name has, the more photos a head names right."""
    for task in tasks or plan.tasks:
        subject = HeadSubject.of(plan.model_copy(update={"backbone": BackboneChoice(name=FIRST)}), task)
        for kind in SIMPLE_HEADS:
            labels = np.zeros(40, np.int64)
            probabilities = np.tile(np.float32([0.3, 0.7]), (40, 1))
            probabilities[: len(kind)] = 0.9, 0.1
            ids = np.arange(40).astype(str)
            save_out_of_fold(home, OutOfFold(subject, kind, ("a", "b"), ids, labels, probabilities, 10.0, 1.25))


def test_they_are_compared_at_a_press_and_the_best_comes_first(open_page, small: Dataset, home, monkeypatch) -> None:
    def compare(home, plan, progress) -> None:
        keep_answers(home, plan)

    monkeypatch.setattr(simple_heads, "compare_heads", compare)
    app = open_page("plan", dataset=small.id)
    assert labelled(app.expander, TITLE).proto.expanded is False
    app.button(key="try_simple heads").click().run()
    while background_jobs.running("trial"):
        pass
    app.run()
    assert labelled(app.expander, TITLE).proto.expanded is True
    said = words(app)
    titles = [SIMPLE_HEADS[kind].title for kind in sorted(SIMPLE_HEADS, key=len, reverse=True)]
    assert sorted(titles, key=said.index) == titles
    assert "40 photos, each judged by heads that had not seen it" in said
    assert app.button(key="try_simple heads").label == "Try again"


def test_a_head_is_taken_and_given_back(open_page, small: Dataset, home) -> None:
    app = open_page("plan", dataset=small.id)
    usual = plan_of(app)
    keep_answers(home, usual)
    app.run()
    app.button(key="use_nearest_neighbors").click().run()
    assert (plan_of(app).head.kind, plan_of(app).epochs) == ("nearest_neighbors", 1)
    assert not [each for each in app.slider if each.label == "Epochs"]
    assert app.button(key="use_nearest_neighbors").label == "In the plan"
    assert "nearest neighbours on" in labelled(app.text_input, "Name of this run").placeholder
    labelled(app.toggle, "Stay near the start").set_value(True).run()
    assert "needs" in app.error[0].value or "loss of its own" in app.error[0].value
    app.button(key="usual_head").click().run()
    assert plan_of(app) == usual
    assert not app.error
    with pytest.raises(Exception, match="loss of its own"):
        set_l2_sp(simple_heads.take_head(usual, "linear_svm"), True)


def test_a_comparison_that_failed_says_why(open_page, small: Dataset, monkeypatch) -> None:
    from core.errors import BadDataset

    def compare(home, plan, progress) -> None:
        raise BadDataset("There are too few photos.", "Add some.")

    monkeypatch.setattr(simple_heads, "compare_heads", compare)
    app = open_page("plan", dataset=small.id)
    app.button(key="try_simple heads").click().run()
    while background_jobs.running("trial"):
        pass
    app.run()
    assert "There are too few photos" in app.error[0].value


def test_heads_of_several_labels_are_shown_with_each(open_page, two_tasks: Dataset, home) -> None:
    app = open_page("plan", dataset=two_tasks.id)
    plan = plan_of(app).model_copy(update={"tasks": ("kind", "colour")})
    keep_answers(home, plan, plan.tasks)
    subjects = [HeadSubject.of(plan, task) for task in plan.tasks]
    (first, *_), answers = zip(*simple_heads.compared_by_kind(home, subjects).items(), strict=True)
    assert first == "logistic_regression"
    row = row_in_html(first, answers[0])
    assert row.count("<small>kind") == row.count("<small>colour") == 1
    assert "<small>kind · C = 10 · 1.2 s</small>" in row
