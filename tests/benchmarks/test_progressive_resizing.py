"""What the benchmark of growing photos compares; the trainings themselves are left out."""

import argparse

import pytest

from benchmarks import progressive_resizing
from core.datasets import Dataset, import_dataset
from core.home import Home
from core.plans import Plan


def test_both_ways_take_turns_with_the_same_seeds_and_are_compared_in_pairs(
    home: Home, draw_photos, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    photos = import_dataset(home, "shapes", draw_photos(tmp_path / "drawn", {"disc": 12, "box": 12}))
    learned: list[tuple[int | None, int]] = []

    def outcome(_home: Home, _dataset: Dataset, plan: Plan, seed: int) -> tuple[float, float]:
        resized = plan.phases[0].start_image_size
        learned.append((resized, seed))
        return (10.0, 70.0) if resized else (20.0 + seed, 72.0 + seed)

    monkeypatch.setattr(progressive_resizing, "_train", outcome)
    arguments = argparse.Namespace(size=96, begin=32, epochs=8, seeds=3)
    full, resized = progressive_resizing._compare(home, photos, arguments)
    assert learned == [(begins, seed) for seed in range(3) for begins in (None, 32)]
    assert full == ("96 pixels", 21.0, 1.0, 73.0, 1.0, None, None)
    assert resized[:6] == ("32 growing to 96 pixels", 10.0, 2.1, 70.0, 0.0, -3.0)
    assert resized[6] == pytest.approx(4.3027 / 3**0.5, rel=1e-4)
