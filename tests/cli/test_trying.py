"""What is tried out before a plan is trained, on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.home import Home
from core.plans import parse_plan
from core.runs import list_runs
from tests.cli.test_cli import asked

TINY = ("--backbone", "graft-resnet10t", "--set", "image_size=32", "--set", "device=cpu", "--set", "precision=fp32")


@pytest.fixture
def shapes(home: Home, tmp_path: Path, draw_photos: Callable[..., Path], capsys) -> str:
    photos = draw_photos(tmp_path / "photos", {"disc": 10, "box": 10})
    assert asked(capsys, "import", "shapes", str(photos), "--validation", "0.2")[0] == 0
    return "shapes"


def test_a_rate_is_found_for_each_group_and_the_plan_has_it(home: Home, shapes: str, capsys):
    arguments = ("--dataset", shapes, "--recipe", "head-first", *TINY)
    status, out, err = asked(capsys, "find-rate", *arguments, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert [group["group"] for group in found["groups"]] == ["head", "stages"]
    assert len(found["groups"][0]["rates"]) == len(found["groups"][0]["losses"]) > 10
    plan, suggested = parse_plan(json.dumps(found["plan"])), found["groups"][1]["suggestion"]
    assert suggested is None or max(plan.phases[1].stage_rates) == pytest.approx(suggested)
    assert parse_plan(asked(capsys, "find-rate", *arguments, "--take")[1]) == plan
    assert not list_runs(home)


def test_each_part_is_tried_and_the_plan_has_the_best(home: Home, shapes: str, capsys, monkeypatch):
    monkeypatch.setattr("core.execution.part_finding.trial_epochs", lambda photos: 1)
    before = set(home.runs.rglob("*"))
    status, out, err = asked(capsys, "which-part", "--dataset", shapes, *TINY, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    names = [part["name"] for part in found["parts"]]
    assert names == ["head alone", "stage 4", "stage 3", "stage 2", "stage 1", "stem"]
    assert found["best"] == min(found["parts"], key=lambda part: part["loss"])["name"]
    assert parse_plan(json.dumps(found["plan"])).backbone.name == "graft-resnet10t"
    assert all(
        part["gain"] == pytest.approx(found["parts"][0]["loss"] - part["loss"], abs=1e-5)
        for part in found["parts"]
        if part["gain"]
    )
    assert set(home.runs.rglob("*")) == before
    assert not list_runs(home)
