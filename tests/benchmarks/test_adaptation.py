"""The benchmark of domain adaptation: its table, and one run as it does them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.adaptation import ADABN, METHODS, NONE, Outcome, _plan, measure, table_rows
from core.backbones import get_card
from core.datasets import Dataset, import_dataset
from core.home import Home

TINY = "test_resnet.r160_in1k"


def outcome(pair: str, method: str, seed: int, accuracy: float, nuclear_norm: float | None) -> Outcome:
    return Outcome(pair, method, seed, TINY, 4, accuracy, nuclear_norm)


def test_a_row_has_the_mean_of_each_method_and_of_the_one_that_the_nuclear_norm_chooses():
    outcomes = [
        outcome("a-b", NONE, 0, 50, None), outcome("a-b", "mcc", 0, 60, 0.8), outcome("a-b", "mmd", 0, 40, 0.7),
        outcome("a-b", NONE, 1, 52, None), outcome("a-b", "mcc", 1, 62, 0.6), outcome("a-b", "mmd", 1, 48, 0.7),
        outcome("b-a", NONE, 0, 70, None), outcome("b-a", "mcc", 0, 69, 0.9), outcome("b-a", "mmd", 0, 72, 0.1),
    ]  # fmt: skip
    assert table_rows(outcomes, [NONE, "mcc", "mmd"]) == [
        ("a-b", 51.0, 61.0, 44.0, 54.0),  # mcc is chosen for the first seed, mmd for the second
        ("b-a", 70.0, 69.0, 72.0, 69.0),
        ("mean", 60.5, 65.0, 58.0, 61.5),
        ("least gain", 0.0, -1.0, -7.0, -1.0),
    ]


@pytest.fixture
def places(home: Home, draw_photos: Callable[..., Path], tmp_path: Path) -> tuple[Dataset, Dataset]:
    """Two datasets of the same two classes."""
    source, target = ({"cup": 10, "hat": 10}, {"cup": 8, "hat": 12})
    drawn = [draw_photos(tmp_path / name, counts) for name, counts in (("here", source), ("there", target))]
    return import_dataset(home, "here", drawn[0]), import_dataset(home, "there", drawn[1])


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_plan_that_adapts_by_it_alone(places: tuple[Dataset, Dataset], method: str):
    plan = _plan(*places, get_card(TINY), ("here-there", method, 3, TINY, 4))
    assert (plan.seed, plan.epochs, plan.adaptive_batch_norm) == (3, 4, method == ADABN)
    assert (plan.target is None) == (method == NONE)
    kinds = [each.kind for each in plan.objectives]
    assert kinds == ["cross_entropy", *([] if method in (NONE, ADABN) else [method])]


def test_a_model_is_judged_by_the_test_photos_of_the_target(home: Home, places: tuple[Dataset, Dataset]):
    plan = _plan(*places, get_card(TINY), ("here-there", "coral", 0, TINY, 2))
    random = plan.backbone.model_copy(update={"weights": "random"})
    small = plan.model_copy(update={"backbone": random, "image_size": 32, "device": "cpu", "precision": "fp32"})
    accuracy, nuclear_norm = measure(home, *places, small)
    tested = len(places[1].indices("test"))
    assert accuracy * tested / 100 == pytest.approx(round(accuracy * tested / 100))
    assert 0 < nuclear_norm <= 1
