"""The results page: figures with margins, the shut test split, the matrix and its photos."""

import json

import numpy as np
import pandas as pd
import pytest

from core.datasets import import_dataset
from core.evaluation import read_predictions
from core.home import Home
from core.runs.store import get_run, run_folder
from dashboard.components.confusion import Cell, most_confused_classes, parse_cell
from dashboard.components.loading import component_key
from dashboard.results.result_figures import opened
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
