"""A plan that cannot be queued leaves nothing in the home."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.datasets import import_dataset
from core.errors import GraftError
from core.execution.submit import submit
from core.home import Home
from core.runs import list_runs
from tests.fixtures.made_runs import made_plan


@pytest.fixture
def plan(home: Home, draw_photos: Callable[..., Path], tmp_path: Path):
    return made_plan(import_dataset(home, "leaves", draw_photos(tmp_path / "photos", {"oak": 4, "fir": 4})))


def test_what_is_queued_has_its_plan_in_its_folder_and_nothing_else(home: Home, plan):
    run = submit(home, plan)
    assert [file.name for file in (home.runs / run.id).iterdir()] == ["plan.json"]


@pytest.mark.parametrize("change", [{"device": "cuda:7"}, {"tasks": ("no such",)}])
def test_a_refused_plan_leaves_no_folder(home: Home, plan, change: dict):
    with pytest.raises(GraftError):
        submit(home, plan.model_copy(update=change))
    assert list(home.runs.iterdir()) == []


@pytest.mark.parametrize("step", ["add_event", "write_whole"])
def test_a_plan_that_the_database_did_not_take_leaves_no_folder(home: Home, plan, monkeypatch, step: str):
    def fail(*args: object, **named: object) -> None:
        raise sqlite3.OperationalError("no")

    monkeypatch.setattr(sys.modules["core.execution.submit"], step, fail)
    with pytest.raises(sqlite3.OperationalError):
        submit(home, plan)
    assert list(home.runs.iterdir()) == []
    assert list_runs(home) == []


def test_a_name_that_is_no_text_leaves_no_folder(home: Home, plan):
    with pytest.raises((UnicodeEncodeError, GraftError)):
        submit(home, plan, "\udcff")
    assert list(home.runs.iterdir()) == []
