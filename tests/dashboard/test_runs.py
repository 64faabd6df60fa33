"""All runs, without a browser and without training."""

import pytest
from streamlit.testing.v1 import AppTest

from core.backbones import describe_stages, get_card
from core.errors import NotFound
from core.execution.submit import submit
from core.plans import change, make_plan
from core.runs.store import get_run, list_runs
from dashboard.runs.comparison import comparison
from tests.dashboard.conftest import words


@pytest.fixture
def two(home, small):
    """Two queued runs that differ in their epochs."""
    starter = get_card("graft-resnet10t")
    plan = make_plan(small, starter, describe_stages(starter))
    return submit(home, plan, "first <b>"), submit(home, change(plan, "epochs=3"), "second")


def test_with_no_run_it_says_what_to_do(open_page):
    assert "Nothing yet." in words(open_page("runs"))


def test_every_run_is_listed_with_its_state(open_page, two):
    shown = words(open_page("runs"))
    assert "first &lt;b&gt;" in shown
    assert "second" in shown
    assert shown.count('class="pill') >= 2


def test_a_backbone_is_called_as_in_the_gallery_and_by_its_name_where_there_is_none(open_page, two, monkeypatch):
    assert "Graft CNN: " in words(open_page("runs"))

    def unknown(name: str):
        raise NotFound(f"There is no {name}.")

    monkeypatch.setattr("dashboard.runs.run_list.get_card", unknown)
    assert "graft-resnet10t: " in words(open_page("runs"))


def test_ticked_runs_are_compared(open_page, two):
    app = open_page("runs")
    for run in two:
        app.checkbox(key=f"compare_{run.id}").check()
    app.run()
    assert app.subheader[-1].value == "What differed"
    assert "phase 1: epochs" in app.dataframe[0].value.index


def test_only_what_differs_is_compared(home, two):
    table = comparison([get_run(home, run.id) for run in two])
    assert table.loc["phase 1: epochs"].tolist()[1] == "3"
    assert "seed" not in table.index


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


def test_a_run_is_deleted_only_after_a_question(open_page, home, two):
    open_page("runs").button(key=f"delete_{two[0].id}").click().run()
    assert len(list_runs(home)) == 2
    ask("open_delete_dialog", two[0].id).button(key="delete_now").click().run()
    assert [run.id for run in list_runs(home)] == [two[1].id]


def test_a_run_is_renamed(home, two):
    app = ask("open_rename_dialog", two[0].id)
    app.text_input[0].input("better")
    app.button(key="rename_now").click().run()
    assert get_run(home, two[0].id).name == "better"


def test_where_one_left_off_stands_on_the_first_screen(open_page, two):
    app = open_page()
    assert "Where you left off" in [s.value for s in app.subheader]
