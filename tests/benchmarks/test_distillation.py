"""What the benchmark of "Make it smaller" compares; the trainings themselves are left out."""

import json
from types import SimpleNamespace

import pytest

from benchmarks import distillation
from benchmarks.report import RESULTS
from core.backbones import default_card, smaller_available
from core.datasets import Dataset, import_dataset
from core.home import Home
from core.plans import Plan


def test_the_small_network_is_trained_alone_and_distilled_with_the_same_seeds(
    home: Home, draw_photos, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    photos = import_dataset(home, "shapes", draw_photos(tmp_path / "drawn", {"disc": 12, "box": 12}))
    learned: list[Plan] = []

    def outcome(_home: Home, _dataset: Dataset, plan: Plan) -> tuple[SimpleNamespace, float]:
        learned.append(plan)
        return SimpleNamespace(plan=plan, id="abcdef"), 90.0 if plan.teacher else 80.0 + 4 * plan.seed

    monkeypatch.setattr(distillation, "_train", outcome)
    large, alone, distilled = distillation._compare(home, photos, range(3))
    small = smaller_available(home, default_card(home))
    assert small
    assert [plan.backbone.name for plan in learned] == [default_card(home).name, *[small.name] * 6]
    assert [(plan.teacher.run if plan.teacher else None, plan.seed) for plan in learned[1:]] == [
        *((None, seed) for seed in range(3)),
        *(("abcdef", seed) for seed in range(3)),
    ]
    assert large[3] == 80.0
    assert alone[3:5] == pytest.approx((84.0, 4.0))
    assert distilled[3:] == pytest.approx((90.0, 0.0, 6.0, 4.3027 * 4.0 / 3**0.5), rel=1e-4)


def test_the_kept_figures_are_of_the_weights_that_are_here():
    table = json.loads((RESULTS / "distillation.json").read_text(encoding="utf-8"))["tables"][0]
    assert distillation.weights_here() in table["note"]
