"""The best way to learn from a dataset is found by halving, and what choosing flatters is told."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.datasets import import_dataset
from core.evaluation import selection_bias
from core.execution import best_finding
from core.execution.best_finding import Best, Tried, find_best
from core.home import Home

STARTERS = ("graft-resnet10t", "graft-mobilenetv4-050")


def test_choosing_among_models_that_guess_flatters_and_a_clearly_better_one_does_not():
    rng = np.random.default_rng(0)
    guesses = rng.random((100, 20)) < 0.5
    assert selection_bias(guesses) == pytest.approx(guesses.mean(axis=0).max() - 0.5, abs=0.04)
    better = np.column_stack([guesses, np.ones(100, bool)])
    assert selection_bias(better) == 0
    assert selection_bias(guesses[:, :1]) == 0


@pytest.fixture
def shapes(home: Home, draw_photos: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Forty photos of two shapes, and two small networks to choose from."""
    gallery = [card for card in best_finding.list_gallery() if card.name in STARTERS]
    monkeypatch.setattr(best_finding, "list_gallery", lambda: gallery)
    monkeypatch.setattr(best_finding, "FEWEST_PHOTOS", 16)
    return import_dataset(home, "shapes", draw_photos(tmp_path / "shapes", {"ring": 20, "box": 20}))


def test_networks_are_halved_then_heads_and_recipes_are_tried(home: Home, shapes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(best_finding, "DEEPER", ("top",))
    *tried, best = find_best(home, shapes, "class", 600)
    assert isinstance(best, Best)
    assert all(isinstance(each, Tried) for each in tried)
    counts = [each.photos for each in tried if each.way == "Logistic regression"]
    assert counts[-1] == len(shapes.labelled_rows(shapes.tasks, "train")) + len(shapes.indices("validation"))
    assert counts.count(counts[0]) >= len(STARTERS)
    assert [each.way for each in tried if not each.is_cross_validated] == ["Head only", "Top of the network"]
    assert best.plan.backbone.name in STARTERS
    assert best.plan.source.id == shapes.id
    assert len(best.why) == 3


def test_without_time_the_best_guess_is_a_plan_all_the_same(home: Home, shapes):
    found = list(find_best(home, shapes, "class", 0))
    assert isinstance(found[-1], Best)
    assert "It ended before all was compared." in found[-1].why


def test_it_can_be_stopped_at_any_time(home: Home, shapes):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    [best] = find_best(home, shapes, "class", 60, stop)
    assert best.why == ("It ended before all was compared.",)
    assert best.plan.backbone.name in STARTERS
