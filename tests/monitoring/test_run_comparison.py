"""Runs side by side: sparklines, curves, and which one is better on the photos that judged both."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets import Dataset, SplitPlan, import_dataset, split_again
from core.evaluation import read_predictions
from core.home import Home
from core.monitoring import common_tasks, comparable_splits, compare_runs, curves_by_epoch, sparklines
from core.monitoring.sparklines import thinned
from core.runs import run_folder
from tests.fixtures.made_runs import made_run, made_scores


@pytest.fixture
def shapes(home: Home, draw_photos, tmp_path: Path) -> Dataset:
    return import_dataset(home, "Shapes", draw_photos(tmp_path / "drawn", {"disc": 30, "ring": 30}))


def test_a_sparkline_is_the_validation_loss_of_each_epoch(home: Home, shapes: Dataset):
    run, waiting = made_run(home, shapes, "finished", epochs=5), made_run(home, shapes)
    drawn = sparklines(home, [run, waiting])
    assert drawn[run.id] == pytest.approx([made_scores(epoch).validation_loss for epoch in range(1, 6)], rel=1e-5)
    assert drawn[waiting.id] == []


def test_a_long_sparkline_keeps_its_ends_and_its_best():
    values = [100.0 - epoch for epoch in range(900)]
    values[451] = -5000.0
    short = thinned(values, 32)
    assert len(short) <= 32
    assert (short[0], short[-1], min(short)) == (100.0, values[-1], -5000.0)
    assert thinned([3.0, float("inf"), 1.0], 32) == [3.0, 1.0]
    assert thinned([], 32) == []


def test_curves_of_runs_without_an_epoch_are_left_out(home: Home, shapes: Dataset):
    run, waiting = made_run(home, shapes, "finished", epochs=3), made_run(home, shapes)
    (curve,) = curves_by_epoch(home, [run, waiting], "class")
    assert curve.run == run
    assert curve.losses == tuple(made_scores(epoch).validation_loss for epoch in (1, 2, 3))
    assert curve.scores == tuple(made_scores(epoch).validation_accuracy for epoch in (1, 2, 3))


def test_test_photos_tell_runs_apart_only_when_both_were_opened(home: Home, shapes: Dataset):
    opened, again = (made_run(home, shapes, "finished", epochs=2, tested=True) for _ in "ab")
    shut = made_run(home, shapes, "finished", epochs=2)
    assert comparable_splits(opened, shut) == comparable_splits(shut, opened) == ("validation",)
    assert compare_runs(home, opened, shut, "class", "test") is None
    assert comparable_splits(opened, again) == ("validation", "test")
    found = compare_runs(home, opened, again, "class", "test")
    assert found is not None
    assert found.images == len(shapes.indices("test"))


def test_only_photos_that_judged_both_count(home: Home, shapes: Dataset):
    first = made_run(home, shapes, "finished", epochs=2)
    shuffled = split_again(home, shapes, SplitPlan(seed=9))
    second = made_run(home, shuffled, "finished", epochs=2)
    ids = [set(read_predictions(run_folder(home, run.id))["image_id"]) for run in (first, second)]
    found = compare_runs(home, first, second, "class")
    assert found is not None
    assert found.images == len(ids[0] & ids[1]) < len(ids[0])


def test_what_cannot_be_compared_is_not(home: Home, shapes: Dataset, draw_photos, tmp_path: Path):
    other = import_dataset(home, "Other", draw_photos(tmp_path / "other", {"disc": 30, "ring": 30}))
    run = made_run(home, shapes, "finished", epochs=2)
    assert compare_runs(home, run, made_run(home, other, "finished", epochs=2), "class") is None
    assert compare_runs(home, run, made_run(home, shapes), "class") is None


def test_common_tasks_are_those_of_all(home: Home, shapes: Dataset):
    both = made_run(home, shapes)
    one = both.plan.model_copy(update={"tasks": ("class", "colour")})
    assert common_tasks([both]) == ("class",)
    assert common_tasks([replace(both, plan=one), both]) == ("class",)
