"""What the benchmark of heads compares, on photos and figures made up here."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.heads import GRAFT, RAW, SCALED, SHOTS, WAYS, Cell, _cells, _summary, _tables
from benchmarks.probing import Subject, sample_rows, train_head
from benchmarks.transfer import FigureStore
from core.datasets import SplitPlan, import_dataset
from core.home import Home

TINY = Subject("graft-mobilenetv4-050", "Tiny", 64)


def test_the_head_is_learned_from_what_was_drawn_as_the_plan_page_would(home: Home, draw_photos, tmp_path: Path):
    drawn = draw_photos(tmp_path / "drawn", {"disc": 20, "box": 20})
    photos = import_dataset(home, "shapes", drawn, split=SplitPlan(train=0.5, validation=0.25, test=0.25))
    rows = sample_rows(photos, 3, seed=0)
    weight, bias = train_head(home, TINY, photos, rows, seed=0)
    assert (weight.shape[0], bias.shape) == (2, (2,))
    again, other = train_head(home, TINY, photos, rows, 0), train_head(home, TINY, photos, rows[1:], 0)
    assert np.array_equal(weight, again[0])
    assert not np.array_equal(weight, other[0])


def test_graft_is_compared_with_the_better_of_the_two_and_with_a_margin():
    found = [{GRAFT: 80.0, RAW: 70.0, SCALED: 79.0}, {GRAFT: 84.0, RAW: 90.0, SCALED: 83.0}]
    graft, raw, scaled, better, difference, margin = _summary(found)
    assert (graft, raw, scaled, better, difference) == (82.0, 80.0, 81.0, 81.0, 1.0)
    assert margin == 0.0  # 1 point in both
    assert np.isnan(_summary(found[:1])[-1])


def test_all_photos_are_drawn_once_and_there_is_a_row_for_each_number_and_for_all(tmp_path: Path):
    cells = list(_cells([TINY], draws=2))
    assert len([c for c in cells if (c.source, c.target) == ("amazon", "webcam")]) == 2 * (len(SHOTS) - 1) + 1
    store = FigureStore(tmp_path / "figures.json")
    for cell in cells:
        store.add(cell.key, dict.fromkeys(WAYS, 50.0))
    first, by_set = _tables(cells, store)
    assert [row[1] for row in first.rows] == [3, 5, 10, 30, "all", "all together"]
    assert "amazon to webcam" in [row[0] for row in by_set.rows]


@pytest.mark.parametrize("other", [{"shots": None}, {"seed": 1}, {"target": "webcam"}])
def test_each_comparison_has_a_name_of_its_own(other: dict):
    known = {"subject": TINY, "source": "amazon", "target": "amazon", "shots": 3, "seed": 0}
    assert Cell(**known).key != Cell(**{**known, **other}).key
