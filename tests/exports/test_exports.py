"""A format that registers itself is written from the command line, from its address, and listed on the page."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cli.app import run as run_command
from core.errors import BadInput, NotFound
from core.exports import RUN_EXPORTS, Export, get_export
from core.home import Home
from core.runs import Run


def write_classes(home: Home, run: Run, target: Path) -> Path:
    target.write_text(", ".join(run.plan.tasks))
    return target


TASKS = Export(
    id="tasks",
    title="List of tasks",
    sentence="the names of what it predicts",
    suffix=".txt",
    write=write_classes,
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUN_EXPORTS, TASKS.id, TASKS)


def test_the_command_line_writes_a_registered_format(distilled, clothes, tmp_path):
    run = distilled(clothes)
    assert run_command(["export", run.id, str(tmp_path / "tasks.txt"), "--format", "tasks"]) == 0
    assert (tmp_path / "tasks.txt").read_text() == "class"


def test_doctor_lists_a_registered_format(home, capsys):
    run_command(["doctor", "--json"])
    assert "tasks" in json.loads(capsys.readouterr().out)["exports"].split(", ")


def test_another_format_is_refused_with_those_that_are_registered():
    with pytest.raises(NotFound, match='no format "onnx". There are: python-zip, tasks'):
        get_export(RUN_EXPORTS, "onnx")


def test_a_format_whose_package_is_missing_says_what_to_install(home, tmp_path):
    export = replace(TASKS, extra="a_package_that_nobody_wrote")
    assert not export.is_available
    with pytest.raises(BadInput, match="pip install a_package_that_nobody_wrote"):
        export.save(home, None, tmp_path / "tasks.txt")


def test_the_page_offers_a_registered_format(distilled, clothes):
    run = distilled(clothes)

    def page(run_id: str) -> None:
        from types import SimpleNamespace

        from core.runs import get_run
        from dashboard.session import state
        from dashboard.use.take_home import show_take_home

        found = get_run(state.home(), run_id)
        show_take_home(SimpleNamespace(run=found))

    app = AppTest.from_function(page, args=(run.id,), default_timeout=60).run()
    assert not app.exception
    offered = " ".join(element.proto.body for element in app.get("html"))
    assert f"/graft/runs/{run.id}/exports/tasks" in offered
    assert "the names of what it predicts" in offered
