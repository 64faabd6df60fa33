"""The benchmark of domain adaptation: its table, and one run as it does them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.adaptation import ADABN, METHODS, NONE, Outcome, _plan, measure, table_rows
from core.backbones import get_card
from core.datasets import Dataset, import_dataset
from core.home import Home

TINY = "test_resnet.r160_in1k"


def outcome(pair: str, method: str, seed: int, accuracies: list[float], nuclear_norms: list[float]) -> Outcome:
    """The second of two epochs was kept; of the test photos it names half as many right."""
    return Outcome(
        pair, method, seed, TINY, "top", 4, accuracies, nuclear_norms, [0.0, 0.0], best=2, unseen=accuracies[1] / 2
    )


def test_a_row_has_the_mean_of_each_method_and_of_the_one_that_the_nuclear_norm_chooses():
    outcomes = [
        outcome("a-b", NONE, 0, [1, 50], [0.9, 0.1]), outcome("a-b", "mcc", 0, [65, 60], [0, 0.8]),
        outcome("a-b", NONE, 1, [1, 52], [0.9, 0.7]), outcome("a-b", "mcc", 1, [0, 62], [0, 0.6]),
        outcome("b-a", NONE, 0, [1, 70], [0.9, 0.3]), outcome("b-a", "mcc", 0, [71, 69], [0, 0.9]),
    ]  # fmt: skip
    assert table_rows(outcomes, [NONE, "mcc"]) == [
        ("a-b", 51.0, 61.0, 56.0, 63.5),  # mcc is chosen for the first seed, the source alone for the second
        ("b-a", 70.0, 69.0, 69.0, 71.0),
        ("mean", 60.5, 65.0, 62.5, 67.2),
        ("mean, test photos", 30.2, 32.5, 31.2, ""),
        ("least gain", 0.0, -1.0, -1.0, ""),
    ]


@pytest.fixture
def places(home: Home, draw_photos: Callable[..., Path], tmp_path: Path) -> tuple[Dataset, Dataset]:
    """Two datasets of the same two classes."""
    source, target = ({"cup": 10, "hat": 10}, {"cup": 8, "hat": 12})
    drawn = [draw_photos(tmp_path / name, counts) for name, counts in (("here", source), ("there", target))]
    return import_dataset(home, "here", drawn[0]), import_dataset(home, "there", drawn[1])


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_plan_that_adapts_by_it_alone(places: tuple[Dataset, Dataset], method: str):
    """The source alone watches the target's photos, which count nothing."""
    plan = _plan(*places, get_card(TINY), ("here-there", method, 3, TINY, "top", 4))
    assert (plan.seed, plan.epochs, plan.adaptive_batch_norm) == (3, 4, method == ADABN)
    assert plan.target.id == places[1].id
    weights = {each.kind: each.weight for each in plan.objectives}
    assert weights == {"cross_entropy": 1, **({"mcc": 0} if method in (NONE, ADABN) else {method: 1})}


def test_a_model_is_judged_by_the_photos_of_the_target(home: Home, places: tuple[Dataset, Dataset]):
    plan = _plan(*places, get_card(TINY), ("here-there", "coral", 0, TINY, "top", 2))
    random = plan.backbone.model_copy(update={"weights": "random"})
    small = plan.model_copy(update={"backbone": random, "image_size": 32, "device": "cpu", "precision": "fp32"})
    accuracies, nuclear_norms, losses, best, unseen = measure(home, *places, small)
    tested = len(places[1].indices("test"))
    assert unseen * tested / 100 == pytest.approx(round(unseen * tested / 100))
    assert len(accuracies) == len(nuclear_norms) == len(losses) == 2
    assert all(0 < each <= 1 for each in nuclear_norms)
    assert best in (1, 2)
