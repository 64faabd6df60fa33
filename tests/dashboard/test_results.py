"""The results page: figures with margins, the shut test split, the matrix and its photos."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from core.backbones import describe_stages, get_card
from core.datasets import import_dataset, load_dataset
from core.evaluation import Verdict, read_predictions
from core.home import Home
from core.plans import REMEDIES, Advice, make_plan
from core.runs.store import get_run, run_folder
from dashboard.components.confusion import Cell, most_confused_classes, parse_cell
from dashboard.components.loading import component_key
from dashboard.components.photo_grid import Edit
from dashboard.results import mending
from dashboard.results.result_figures import margin_in_words, opened
from dashboard.session.plan_drafts import load_draft
from dashboard.shared.advice import ELSEWHERE
from dashboard.shared.texts import format_probability
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_plan, made_run


def payload(app, field: str) -> dict:
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(reported for reported in payloads if field in reported)


def test_with_no_run_the_page_says_what_to_do(open_page) -> None:
    app = open_page("results")
    assert app.title[0].value == "How good is it?"
    assert app.button(key="first_do").label == "Make a plan"


@pytest.mark.parametrize(
    ("state", "epochs", "sentence"),
    [
        ("queued", 0, "is not done yet"),
        ("running", 2, "is not done yet"),
        ("paused", 2, "is not done yet"),
        ("interrupted", 2, "Let it go on, or stop it"),
        ("failed", 2, "Let it go on, or stop it"),
        ("stopped", 0, "stopped before an epoch had ended"),
    ],
)
def test_a_run_without_results_says_why(open_page, small, home: Home, state: str, epochs: int, sentence: str) -> None:
    run = made_run(home, small, state, epochs=epochs)
    assert sentence in words(open_page("results", run=run.id))


def test_every_figure_has_its_margin(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    said = words(open_page("results", run=run.id))
    assert "validation photos it had not learned from, at epoch 6." in said
    assert said.count("±") + said.count(" to ") >= 3 * len(many.tasks[0].classes)


def test_the_test_split_is_shut_until_it_is_opened(open_page, many, home: Home, monkeypatch) -> None:
    run = made_run(home, many, "finished", epochs=8)
    asked = []
    monkeypatch.setattr("dashboard.results.result_figures.open_test", lambda home, run_id: asked.append(run_id))
    app = open_page("results", run=run.id)
    assert "? %" in words(app)
    assert not asked
    app.button(key="open_test").click().run()
    assert asked == [run.id]


def test_an_opened_test_split_says_how_often(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8, tested=True)
    app = open_page("results", run=run.id)
    assert "Opened once" in words(app)
    assert get_run(home, run.id).test_opened == 1
    assert "Opened 3 times" in opened(3)


def test_names_are_shown_letter_by_letter(open_page, small, home: Home) -> None:
    run = made_run(home, small, "finished", epochs=2, name="<script>x</script>")
    app = open_page("results", run=run.id)
    assert "<script>x" not in words(app)
    assert "*cats* <b>$x$" in payload(app, "counts")["classes"]  # the component sets names as text
    assert "*cats* &lt;b&gt;$x$" in words(app)


def test_the_matrix_counts_every_judged_photo(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    counts = payload(open_page("results", run=run.id), "counts")["counts"]
    assert np.sum(counts) == len(many.indices("validation"))


def test_an_opened_cell_shows_its_photos(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    app = open_page("results", run=run.id)
    counts = np.array(payload(app, "counts")["counts"])
    truth, answer = map(int, np.argwhere(counts * (1 - np.eye(len(counts), dtype=int)))[0])
    task = many.tasks[0]
    app.session_state[f"graft:cell {run.id} {task.name} validation"] = Cell(truth, answer)
    app.run()
    walls = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    shown = next(reported["shown"] for reported in walls if len(reported.get("shown", ())) == counts[truth, answer])
    labels = many.labels(task)
    assert {labels[many.row[image_id]] for image_id, _ in shown} == {truth}


def walls(app) -> list[dict]:
    """What each wall of photos was given."""
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [payload for payload in payloads if "shown" in payload]


def mistakes_of(home: Home, run) -> list[str]:
    """Image ids of the validation photos that a run got wrong, the surest first."""
    rows = read_predictions(run_folder(home, run.id))
    wrong = rows[(rows["split"] == "validation") & (rows["label"] != rows["predicted"])]
    return wrong.sort_values(["confidence", "image_id"], ascending=[False, True])["image_id"].tolist()


def test_all_mistakes_are_shown_and_can_be_mended(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    (wall,) = walls(open_page("results", run=run.id))
    wrong = mistakes_of(home, run)
    assert len(wrong) > 0
    assert [image_id for image_id, _ in wall["shown"]] == wrong
    assert wall["editable"]


def test_the_way_back_from_a_cell_leads_to_all_mistakes(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    app = open_page("results", run=run.id)
    app.session_state[f"graft:cell {run.id} {many.tasks[0].name} validation"] = Cell(0, 0)
    app.run()
    assert app.header[1].value.startswith("cup, recognised: ")
    (wall,) = walls(app)
    assert {caption.split()[-1] for _, caption in wall["shown"]} == {"sure"}
    app.button(key="all_mistakes").click().run()
    assert "mistake" in app.header[1].value
    assert [image_id for image_id, _ in walls(app)[0]["shown"]] == mistakes_of(home, run)


@pytest.fixture
def edits(monkeypatch) -> list[Edit]:
    """Edits that the next walls of photos report, one each, as if they had been made in the browser."""
    pending: list[Edit] = []

    def photo_wall(*arguments, **options):
        draw_wall(*arguments, **options)
        return pending.pop() if pending else None

    draw_wall = mending.photo_wall
    monkeypatch.setattr(mending, "photo_wall", photo_wall)
    return pending


def test_a_mistake_is_relabelled_in_place_undone_and_learned_from(open_page, many, home: Home, edits) -> None:
    run = made_run(home, many, "finished", epochs=8)
    first = mistakes_of(home, run)[0]
    app = open_page("results", run=run.id)
    edits.append(Edit("relabel", (first,), "scarf"))
    app.run()
    assert not app.exception, app.exception[0].value
    changed = load_dataset(home, many.id)
    task = changed.tasks[0]
    assert task.classes[changed.labels(task)[changed.row[first]]] == "scarf"
    assert app.title[0].value == "How good is it?"  # the run is still in view
    assert "1 label is not as this run learned it." in words(app)
    assert dict(walls(app)[0]["shown"])[first].startswith("now scarf; ")
    assert "scarf" in walls(app)[0]["classes"]

    app.button(key="undo_mended").click().run()
    assert not app.exception, app.exception[0].value
    assert "not as this run learned" not in words(app)
    assert load_dataset(home, many.id).labels(many.tasks[0]).tolist() == many.labels(many.tasks[0]).tolist()

    edits.append(Edit("leave out", (first,)))
    app.run()
    assert dict(walls(app)[0]["shown"])[first].startswith("now left out; ")
    app.button(key="train_mended").click().run()
    assert not app.exception, app.exception[0].value
    draft = load_draft(home, app.session_state["graft:plan"])
    assert (draft.source.id, draft.source.version) == (many.id, load_dataset(home, many.id).version)
    assert draft.phases == run.plan.phases


def test_a_label_column_that_is_gone_leaves_the_photos_as_they_were(open_page, many, home: Home, monkeypatch) -> None:
    run = made_run(home, many, "finished", epochs=8)
    renamed = replace(many, version=2, tasks=(replace(many.tasks[0], name="other"),))
    monkeypatch.setattr(mending, "load_dataset", lambda home, name: renamed)
    (wall,) = walls(open_page("results", run=run.id))
    assert not wall["editable"]
    assert len(wall["shown"]) == len(mistakes_of(home, run))


def test_mistakes_lead_to_the_photos_that_they_are_among(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    app = open_page("results", run=run.id)
    app.button(key="to_photos").click().run()
    assert app.title[0].value == "Your photos"


def test_an_advice_is_followed_at_one_click(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=1)
    app = open_page("results", run=run.id)
    assert "Train again with more epochs." in words(app)
    app.button(key="advice_more epochs").click().run()
    assert not app.exception, app.exception[0].value
    assert app.title[0].value == "What should learn, and how fast?"
    made = load_draft(home, app.session_state["graft:plan"])
    assert made.epochs == 2 * run.plan.epochs
    assert made.source == run.plan.source


def test_advice_that_is_no_plan_leads_to_its_page(open_page, many, home: Home, monkeypatch) -> None:
    said = Verdict("levelled off", "Levelled off", "It stays.", "Do this.", 1, ("more photos", "free one more"))
    monkeypatch.setattr("dashboard.shared.advice.read_verdict", lambda *_: said)
    everything = make_plan(many, get_card("graft-resnet10t"), describe_stages("graft-resnet10t"), "scratch")
    run = made_run(home, many, "finished", epochs=3, plan=everything)
    app = open_page("results", run=run.id)
    assert not [button for button in app.button if button.key == "advice_free one more"]  # all learn already
    app.button(key="advice_more photos").click().run()
    assert not app.exception, app.exception[0].value
    assert "Your photos" in app.title[0].value


def test_every_advice_has_a_button() -> None:
    assert set(get_args(Advice)) == set(REMEDIES) | set(ELSEWHERE)


def test_what_stands_behind_a_figure_is_said_below_it(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    assert "in 95 of 100 cases" in words(open_page("results", run=run.id))
    assert margin_in_words("± 7.2").startswith("± 7.2: with other photos it would differ by about this much")
    assert margin_in_words("(90.1 to 100)").startswith("90.1 to 100: with other photos it would lie in there")


@pytest.mark.parametrize(
    "payload", [None, "x", {}, {"truth": 0}, {"truth": 0, "predicted": 9}, {"truth": "0", "predicted": 0}]
)
def test_a_cell_that_is_none_is_ignored(payload) -> None:
    assert parse_cell(payload, [4, 5]) is None


def test_a_cell_names_classes_of_the_whole_task() -> None:
    assert parse_cell({"truth": 1, "predicted": 0}, [4, 7]) == Cell(7, 4)


def test_of_many_classes_those_with_the_most_mistakes_are_shown() -> None:
    counts = np.diag([9] * 6)
    counts[1, 4] = 5
    assert most_confused_classes(counts, limit=2) == [1, 4]
    assert most_confused_classes(counts, limit=6) == [0, 1, 2, 3, 4, 5]


def test_two_tasks_have_results_each(open_page, two_tasks, home: Home) -> None:
    run = made_run(home, two_tasks, "finished", epochs=3, plan=made_plan(two_tasks, tasks=("kind", "colour")))
    app = open_page("results", run=run.id)
    assert payload(app, "counts")["classes"] == ["round", "square"]
    app.segmented_control(key="result_task").set_value("colour").run()
    assert payload(app, "counts")["classes"] == ["blue", "red"]


def test_a_cell_shows_the_confidence_of_the_chosen_task(open_page, two_tasks, home: Home) -> None:
    run = made_run(home, two_tasks, "finished", epochs=3, plan=made_plan(two_tasks, tasks=("kind", "colour")))
    predictions = read_predictions(run_folder(home, run.id))
    own = predictions[(predictions["task"] == "colour") & (predictions["split"] == "validation")]
    truth, predicted = own.iloc[0][["label", "predicted"]]
    cell = own[(own["label"] == truth) & (own["predicted"] == predicted)].set_index("image_id")["confidence"]
    app = open_page("results", run=run.id)
    app.session_state[f"graft:cell {run.id} colour validation"] = Cell(int(truth), int(predicted))
    app.segmented_control(key="result_task").set_value("colour").run()
    walls = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    shown = next(wall["shown"] for wall in walls if wall.get("shown") and wall["shown"][0][1].endswith(" sure"))
    assert dict(shown) == {image_id: f"{format_probability(cell[image_id])} sure" for image_id in cell.index}


def test_another_run_on_the_same_photos_can_be_compared(open_page, many, home: Home) -> None:
    run = made_run(home, many, "finished", epochs=8)
    made_run(home, many, "finished", epochs=8, name="other *one*")
    made_run(home, many, "stopped", epochs=0, name="without a model")
    app = open_page("results", run=run.id)
    assert list(app.selectbox(key="compare_with").options) == ["other *one*"]
    assert r"“other \*one\*” are right equally often" in words(app)


@pytest.mark.parametrize("column", ["leaf__kind", "__", "kind_", "a b'\"<i>"])
def test_a_label_column_may_be_called_anything(open_page, home: Home, draw_photos, tmp_path, column: str) -> None:
    folder = draw_photos(tmp_path / "photos", {"cup": 20, "hat": 20})
    photos = sorted(folder.rglob("*.png"))
    rows = [(photo.relative_to(folder).as_posix(), photo.parent.name) for photo in photos]
    pd.DataFrame(rows, columns=["image", column]).to_csv(folder / "labels.csv", index=False)
    dataset = import_dataset(home, "Named", folder / "labels.csv")
    run = made_run(home, dataset, "finished", epochs=2)
    app = open_page("results", run=run.id)
    assert app.title[0].value == "How good is it?"
    assert payload(app, "counts")["classes"] == ["cup", "hat"]
    for page in ("photos", "plan", "train", "use"):
        app.switch_page(f"{page}/page.py").run()
        assert not app.exception, app.exception[0].value


def test_keys_of_components_stay_different() -> None:
    keys = ["a_b", "a__b", "a-b", "a_", "a__", "a___", "__", "_"]
    assert len({component_key(key) for key in keys}) == len(keys)
    assert component_key("photos_leaves") == "photos_leaves"
