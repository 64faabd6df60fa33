"""`graft best`: a table and why, JSON, or the plan alone as a file for `graft train --plan`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.app import run
from core import execution
from core.backbones import describe_stages, get_card
from core.datasets import import_dataset
from core.execution import Best, Tried
from core.home import Home
from core.plans import make_plan, parse_plan
from core.tasks import margin

NETWORK = "graft-resnet10t"


@pytest.fixture(autouse=True)
def best(home: Home, draw_photos: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Best:
    """What a search of any dataset finds at once."""
    dataset = import_dataset(home, "shapes", draw_photos(tmp_path / "shapes", {"ring": 8, "box": 8}))
    found = Best(make_plan(dataset, get_card(NETWORK), describe_stages(NETWORK)), ("It was the best of 3.",), 0.02)
    tried = Tried("Graft CNN", 64, "Logistic regression", 16, margin(12, 16), True, 1.0)
    monkeypatch.setattr(execution, "find_best", lambda home, dataset, task, seconds, progress: iter([tried, found]))
    return found


def test_the_table_is_followed_by_why(capsys: pytest.CaptureFixture[str]):
    assert run(["best", "--dataset", "shapes"]) == 0
    said = capsys.readouterr().out
    assert "75.0 %" in said
    assert "It was the best of 3. Chosen among several by the same photos, the network may look 2.0 points" in said


def test_the_plan_alone_is_a_plan_file(best: Best, capsys: pytest.CaptureFixture[str]):
    assert run(["best", "--dataset", "shapes", "--take"]) == 0
    assert parse_plan(capsys.readouterr().out) == best.plan


def test_json_has_all_of_it(best: Best, capsys: pytest.CaptureFixture[str]):
    assert run(["best", "--dataset", "shapes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["plan"] == best.plan.model_dump(mode="json")
    assert (said["flattered"], said["tried"][0]["accuracy"]["value"]) == (0.02, 0.75)


def test_a_label_that_is_not_there_is_refused_in_words(capsys: pytest.CaptureFixture[str]):
    assert run(["best", "--dataset", "shapes", "--task", "colour"]) != 0
    assert 'has no label column "colour"' in capsys.readouterr().err
