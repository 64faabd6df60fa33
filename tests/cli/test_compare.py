"""`graft compare`, and several labels on the command line."""

import json

import pytest

from cli.app import run
from core.datasets import Dataset
from core.home import Home
from core.plans import from_scratch
from core.runs import list_runs
from tests.cli.test_cli import SMALL, asked
from tests.dashboard.conftest import two_tasks
from tests.fixtures.made_runs import made_plan, made_run

__all__ = ["two_tasks"]

BOTH = ("kind", "colour")
TRAIN = ("train", "--dataset", "Two tasks", "--backbone", "graft-resnet10t", "--json", *SMALL)


def test_labels_learned_together_are_compared_with_each_alone(home: Home, two_tasks: Dataset, capsys) -> None:
    status, out, _ = asked(capsys, *TRAIN, "--name", "both", "--task", "kind", "--task", "colour")
    assert status == 0
    assert set(json.loads(out.splitlines()[-1])["tasks"]) == set(BOTH)
    shown = json.loads(asked(capsys, "show", "both", "--json")[1])
    assert set(shown["verdicts"]) == set(BOTH)
    status, out, err = asked(capsys, "compare", "both", "alone", "--json")
    assert (status, err) == (0, "")
    said = json.loads(out)
    assert {each.name for each in list_runs(home)} == {"both", "both, kind alone", "both, colour alone"}
    assert all("± " in said["tasks"][task]["difference"] for task in BOTH)
    assert said["sentence"].startswith("Only the heads learned")
    assert "both, kind alone" not in asked(capsys, "compare", "both", "alone")[1]  # a table; nothing is trained again
    assert len(list_runs(home)) == 3


def test_a_run_is_compared_with_the_same_from_scratch(home: Home, two_tasks: Dataset, capsys) -> None:
    first = made_run(home, two_tasks, "finished", epochs=3, name="first")
    made_run(home, two_tasks, "finished", epochs=4, plan=from_scratch(first.plan))
    said = json.loads(asked(capsys, "compare", "first", "scratch", "--json")[1])["tasks"]["kind"]
    assert said["transfer"]["validation"] > 0
    assert "training with transfer was at" in said["sentence"]
    assert said["sentence"] in asked(capsys, "compare", "first", "scratch")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "one", "alone"), '"one" learned one label alone. Compare a run that learned several together.'),
        (("compare", "waits", "alone"), '"waits" has no results to compare yet. Wait until it has finished.'),
        (("compare", "scratch", "scratch"), "This run began from random weights itself."),
        (
            (*TRAIN, "--task", "kind", "--task", "age"),
            "learned together only from photos that have them all as columns",
        ),
        (
            (*TRAIN, "--set", "objectives.0.learn_task_weights=true"),
            "one label alone has nothing to be weighed against",
        ),
    ],
)
def test_what_cannot_be_compared_or_learned_is_said(home: Home, two_tasks, capsys, arguments, sentence) -> None:
    made_run(home, two_tasks, "finished", epochs=2, name="one")
    made_run(home, two_tasks, name="waits", plan=made_plan(two_tasks, tasks=BOTH))
    made_run(home, two_tasks, "finished", epochs=2, name="scratch", plan=made_plan(two_tasks, "scratch"))
    assert run(arguments) != 0
    assert sentence in capsys.readouterr().err
