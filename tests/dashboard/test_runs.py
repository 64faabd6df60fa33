"""All runs, without a browser and without training."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.backbones import describe_stages, get_card
from core.errors import NotFound
from core.evaluation import read_predictions, write_predictions
from core.execution.submit import submit
from core.home import database
from core.plans import change, make_plan
from core.runs import set_note, set_tags
from core.runs.store import get_run, list_runs, run_folder
from dashboard.components.run_table import RunAction, parse_action, parse_ticks
from dashboard.runs.run_list import score_of
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_plan, made_run


@pytest.fixture
def two(home, small):
    """Two queued runs that differ in their epochs."""
    starter = get_card("graft-resnet10t")
    plan = make_plan(small, starter, describe_stages(starter))
    return submit(home, plan, "first <b>"), submit(home, change(plan, "epochs=3"), "second")


def test_with_no_run_it_says_what_to_do(open_page):
    assert "Nothing yet." in words(open_page("runs"))


def table_rows(app: AppTest) -> list[dict]:
    """What the table of runs was given."""
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(payload["rows"] for payload in payloads if "rows" in payload)


def test_every_run_is_listed_with_its_state(open_page, two):
    rows = table_rows(open_page("runs"))
    assert [(row["name"], row["state"], row["dataset"]) for row in rows] == [
        ("second", "waiting", "Small & *bold*"), ("first <b>", "waiting", "Small & *bold*"),
    ]  # fmt: skip


def test_a_row_has_its_score_its_curve_and_its_words(open_page, home, many):
    run = made_run(home, many, "finished", epochs=3, name="good")
    set_tags(home, run.id, ["poster"])
    set_note(home, run.id, "for Ana")
    (row,) = table_rows(open_page("runs"))
    assert row["score"] == score_of(row["score_text"])
    assert row["score_text"] == run.progress.best.accuracy_text
    assert len(row["losses"]) == 3
    assert (row["tags"], row["note"], row["about"], row["can_resume"]) == (["poster"], "for Ana", "", False)


def test_a_backbone_is_called_as_in_the_gallery_and_by_its_name_where_there_is_none(open_page, two, monkeypatch):
    assert {row["model"] for row in table_rows(open_page("runs"))} == {"Graft CNN"}

    def unknown(name: str):
        raise NotFound(f"There is no {name}.")

    monkeypatch.setattr("dashboard.runs.run_list.get_card", unknown)
    assert {row["model"] for row in table_rows(open_page("runs"))} == {"graft-resnet10t"}


def compared(app: AppTest, *runs) -> AppTest:
    app.query_params["compare"] = ",".join(run.id for run in runs)
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def test_ticked_runs_are_compared(open_page, two):
    app = compared(open_page("runs"), *two)
    assert app.header[0].value == r"first \<b\> and second"
    shown = words(app)
    assert "first &lt;b&gt;" in shown
    assert "Epochs</th><td>20</td><td>3</td>" in shown
    assert "Seed" not in shown
    assert "not all of them have results yet" in shown
    app.button(key="close_comparison").click().run()
    assert "Epochs</th>" not in words(app)


def test_a_comparison_says_which_is_better_and_draws_both(open_page, home, many):
    one, other = (made_run(home, many, "finished", epochs=3, name=name) for name in ("one", "*other*"))
    spoil_predictions(home, other)
    app = compared(open_page("runs"), other, one)
    assert "“one” is better by " in words(app)
    assert "points, surely." in words(app)
    assert "The test photos" not in words(app)
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert [[line["name"] for line in chart["data"]] for chart in charts] == 2 * [["*other*", "one"]]
    assert {line["line"]["dash"] for line in charts[0]["data"]} == {"solid", "dash"}
    assert "Their plans are the same" in words(app)


def spoil_predictions(home, run) -> None:
    """Let its model be wrong on every photo."""
    folder = run_folder(home, run.id)
    table = read_predictions(folder)
    table["predicted"] = (table["label"] + 1) % 3
    write_predictions(folder, table)


def test_the_best_of_three_is_held_against_both_others(open_page, home, many):
    runs = [made_run(home, many, "finished", epochs=2, name=name) for name in ("a", "b", "c")]
    shown = words(compared(open_page("runs"), *runs))
    assert "“a” and “b” are right equally often" in shown
    assert "“a” and “c” are right equally often" in shown


def test_runs_on_different_photos_are_not_held_against_each_other(open_page, home, many, small):
    runs = [made_run(home, dataset, "finished", epochs=2) for dataset in (many, small)]
    shown = words(compared(open_page("runs"), *runs))
    assert "they learned from different photos" in shown
    assert "Many, version 1" in shown


def test_what_follows_from_the_other_model_is_folded(open_page, home, many):
    large = get_card("resnet50.a1_in1k")
    plan = make_plan(many, large, describe_stages(large), "top")
    runs = [
        made_run(home, many, "finished", epochs=2, plan=plan),
        made_run(home, many, "finished", epochs=2, plan=made_plan(many).model_copy(update={"image_size": 64})),
    ]
    app = compared(open_page("runs"), *runs)
    assert app.expander[0].label == "1 more, which only follow from the other model"
    tables = [element.proto.body for element in app.get("html") if "graft-differences" in element.proto.body]
    assert "Model</th>" in tables[0]
    assert "Photo size</th>" not in tables[0]
    assert "Photo size</th>" in tables[1]


@pytest.mark.parametrize(
    "payload",
    [None, "x", {}, {"kind": "open"}, {"kind": "open", "id": "b"}, {"kind": "open", "id": ["a"]},
     {"kind": "burn", "id": "a"}, {"kind": "tags", "id": "a", "tags": "x"}, {"kind": "tags", "id": "a", "tags": [1]},
     {"kind": "note", "id": "a"}],
)  # fmt: skip
def test_an_action_that_is_none_is_ignored(payload):
    assert parse_action(payload, ["a"]) is None


def test_actions_and_ticks_are_read():
    assert parse_action({"kind": "tags", "id": "a", "tags": ["x"]}, ["a"]) == RunAction("tags", "a", ("x",))
    assert parse_action({"kind": "note", "id": "a", "text": ""}, ["a"]) == RunAction("note", "a")
    assert parse_ticks({"ids": ["b", "a", "b", "gone"]}, ["a", "b"]) == ["b", "a"]
    assert parse_ticks(None, ["a"]) is None
    assert score_of("86.2 % ± 3.7") == 86.2
    assert score_of("unknown") is None


def act(kind: str, run_id: str, tags=(), text=""):
    """What the table asks for, done in a page of its own."""

    def script(kind, run_id, tags, text):
        from dashboard.components.run_table import RunAction
        from dashboard.runs.run_list import apply_action

        apply_action(RunAction(kind, run_id, tuple(tags), text))

    app = AppTest.from_function(script, args=(kind, run_id, tags, text), default_timeout=60)
    return app.run()


def test_tags_and_notes_are_kept_and_refusals_are_said_in_place(home, two, monkeypatch):
    monkeypatch.setattr("streamlit.rerun", lambda **_: None)
    act("tags", two[0].id, ["poster", "Good"])
    act("note", two[0].id, text="for Ana")
    assert get_run(home, two[0].id).tags == ("poster", "Good")
    assert get_run(home, two[0].id).note == "for Ana"
    assert "at most 40 letters" in act("tags", two[0].id, ["x" * 50]).error[0].value
    assert "There is no run" in act("tags", "gone", ["a"]).error[0].value


def ask(question, run_id):
    """One of the list's dialogs alone: AppTest does not keep a dialog open over a click."""

    def script(question, run_id):
        from contextlib import suppress

        from core.errors import NotFound
        from core.runs.store import get_run
        from dashboard.runs import run_list
        from dashboard.session import state

        with suppress(NotFound):  # it was just deleted
            getattr(run_list, question)(get_run(state.home(), run_id))

    return AppTest.from_function(script, args=(question, run_id), default_timeout=60).run()


def test_a_run_is_deleted_only_after_a_question(home, two):
    act("delete", two[0].id)
    assert len(list_runs(home)) == 2
    ask("open_delete_dialog", two[0].id).button(key="delete_now").click().run()
    assert [run.id for run in list_runs(home)] == [two[1].id]


def test_a_run_is_renamed(home, two):
    app = ask("open_rename_dialog", two[0].id)
    app.text_input[0].input("better")
    app.button(key="rename_now").click().run()
    assert get_run(home, two[0].id).name == "better"


def test_a_damaged_run_is_named_in_plain_words_and_can_be_deleted(open_page, home, two):
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET plan = '{' WHERE id = ?", (two[0].id,))
    app = open_page("runs")
    said = words(app)
    assert "first &lt;b&gt;</b>" in said
    assert "What is kept of it cannot be read any more. The other runs are whole." in said
    assert "JSON" not in said
    assert [row["name"] for row in table_rows(app)] == ["second"]
    assert app.button(key=f"delete_{two[0].id}").label == "Delete"


def test_where_one_left_off_stands_on_the_first_screen(open_page, two):
    app = open_page()
    assert "Where you left off" in [s.value for s in app.header]
