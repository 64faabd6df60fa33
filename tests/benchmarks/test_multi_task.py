"""The benchmark of several labels: its table, and a seed as it does them."""

from benchmarks.multi_task import ALIKE, ALONE, LEARNED, measure_seed, table_row
from core.datasets import Dataset
from core.home import Home
from core.plans import BackboneChoice
from tests.dashboard.conftest import two_tasks
from tests.fixtures.made_runs import made_plan

__all__ = ["two_tasks"]


def test_a_row_has_the_means_and_the_differences_in_pairs():
    ways = {ALONE: [50.0, 60.0], ALIKE: [52.0, 62.0], LEARNED: [49.0, 60.0]}
    assert table_row("kind", ways) == ("kind", "55.0", "57.0 (+2.0 ± 0.0)", "54.5 (-0.5 ± 6.4)")


def test_each_label_is_measured_in_each_way(home: Home, two_tasks: Dataset):
    plan = made_plan(two_tasks, "feature-extraction", ("kind", "colour"))
    small = {"backbone": BackboneChoice(name=plan.backbone.name, weights="random"), "image_size": 32, "device": "cpu"}
    measured = measure_seed(home, two_tasks, plan.model_copy(update=small))
    ways = {(task, way) for task, way, _ in measured}
    assert ways == {(task, way) for task in ("kind", "colour") for way in (ALONE, ALIKE, LEARNED)}
    assert all(0 <= accuracy <= 100 for *_, accuracy in measured)
