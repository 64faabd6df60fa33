"""The results of an adapted run: what it brought in the other place, beside the same plan that was not adapted."""

import numpy as np
import pytest

from core.evaluation import predictions_table
from core.execution import BothMaps, PlacesMap, TargetAnswers
from core.home import Home
from core.plans import set_target, without_target
from core.runs import list_runs
from core.tasks import MISSING, Task
from dashboard.results import other_place
from dashboard.results.other_place import gain_in_words
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_plan, made_run

TASK = Task("class", ("a", "b"))


def answers(labels: list[int], logit: float) -> TargetAnswers:
    """Of photos that show both classes in turn, all taken for what they show, as clearly as the logit says."""
    logits = np.array([[logit, 0.0], [0.0, logit]] * len(labels))[: len(labels)]
    ids = [str(number) for number in range(len(labels))]
    return TargetAnswers(predictions_table(ids, "validation", TASK, np.array(labels), logits))


def test_clearer_answers_speak_for_adapting_and_others_do_not():
    unlabelled = [MISSING] * 8
    clear, vague = answers(unlabelled, 6.0), answers(unlabelled, 0.5)
    [said] = gain_in_words(clear, vague, TASK)
    assert "clearer and more different than without adapting (1.00 against 0.62)" in said
    [said] = gain_in_words(vague, clear, TASK)
    assert "take the model that was not adapted" in said
    [said] = gain_in_words(clear, clear, TASK)
    assert "no clearer" in said


def test_labels_of_the_other_place_are_counted_where_there_are_some():
    said = gain_in_words(answers([0, 1] * 4, 6.0), answers([0, 1] * 4, 0.5), TASK)
    assert said[0].startswith("“adapted” and “not adapted” are right equally often")
    assert len(said) == 2


@pytest.fixture
def adapted(small, many, home: Home):
    return made_run(home, small, "finished", epochs=3, plan=set_target(made_plan(small), many.id, many.version))


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch, small) -> None:
    """Who is adapted answers more clearly."""
    task = small.tasks[0]

    def answers_of(home, plan, folder, target) -> TargetAnswers:
        logits = np.eye(2)[[0, 1] * 5] * (6.0 if plan.target else 0.5)
        rows = predictions_table([f"{n}" for n in range(10)], "validation", task, np.full(10, MISSING), logits)
        return TargetAnswers(rows)

    monkeypatch.setattr(other_place, "answers_in_target", answers_of)


def test_a_run_without_a_target_says_nothing_of_another_place(open_page, small, home: Home):
    assert "In the other place" not in words(open_page("results", run=made_run(home, small, "finished", epochs=3).id))


def test_the_same_plan_without_adapting_is_one_click_away(open_page, small, adapted, home: Home):
    app = open_page("results", run=adapted.id)
    assert "Its answers there are clear and different to 1.00" in words(app)
    app.button(key="train_plain").click().run()
    assert not app.exception
    plain = next(run for run in list_runs(home) if run.id != adapted.id)
    assert plain.plan == without_target(adapted.plan)
    assert "Its answers stand here when it is done" in words(open_page("results", run=adapted.id))


def test_beside_the_plain_run_it_says_what_adapting_brought(open_page, small, adapted, home: Home):
    made_run(home, small, "finished", epochs=3, plan=without_target(adapted.plan))
    app = open_page("results", run=adapted.id)
    assert "clearer and more different than without adapting" in words(app)
    assert not [button for button in app.button if button.key == "train_plain"]


def test_both_places_are_drawn_on_a_click_and_stay(open_page, adapted, home: Home, monkeypatch: pytest.MonkeyPatch):
    drawn = BothMaps(
        before=PlacesMap(source=((0, 0), (0.5, 1)), target=((1, 1),), domain_accuracy=0.97),
        after=PlacesMap(source=((0, 0), (0.5, 1)), target=((0.25, 0.5),), domain_accuracy=None),
    )
    kept = []
    monkeypatch.setattr(other_place, "known_maps", lambda *_: next(iter(kept), None))
    monkeypatch.setattr(other_place, "draw_maps", lambda *_: kept.append(drawn) or drawn)
    app = open_page("results", run=adapted.id)
    app.button(key="draw_maps").click().run()
    assert not app.exception
    said = words(open_page("results", run=adapted.id))
    assert "97 of 100 photos can be told by place" in said
    assert said.count('<i class="source-dot" style') == 4
    assert '<i class="target-dot" style="left:25.0%;top:50.0%">' in said


def test_photos_that_were_deleted_are_said_to_be(open_page, many, adapted, home: Home):
    from core.datasets import delete_dataset

    delete_dataset(home, many.id)
    app = open_page("results", run=adapted.id)
    assert not app.exception
