"""What the benchmark of transfer computes, on figures and photos made up here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.probing import Subject, linear_probe, sample_rows, starters_here, weights_digest
from benchmarks.report import RESULTS, Table, to_markdown
from benchmarks.transfer import (
    LINEAR,
    RANDOM,
    SCRATCH,
    TUNED,
    WAYS,
    Accuracy,
    Cell,
    FigureStore,
    _accuracy_of,
    _cells,
    _cost_order,
    _tables,
    accuracy,
)
from core.backbones import get_card
from core.datasets import Dataset, Task
from dashboard.glossary import CLOTHES_RIGHT, TRANSFER_EXAMPLE

ROOT = Path(__file__).parents[2]

STARTER = Subject("graft-x", "Graft X", 64)


def real(folder: Path, number: int) -> Subject:
    """A backbone whose weights lie in a file, other ones for each number."""
    file = folder / f"{number}.safetensors"
    file.write_bytes(bytes([number]))
    return Subject("real", "Real", 224, file)


def dataset(per_class: tuple[int, ...] = (12, 8)) -> Dataset:
    labels = np.repeat(np.arange(len(per_class)), per_class)
    thirds = np.resize(["train", "train", "validation", "test"], len(labels))
    task = Task("kind", tuple(map(str, range(len(per_class)))))
    return Dataset("d", "d", 1, Path("nowhere"), (task,), pd.DataFrame({"split": thirds, task.column: labels}))


def test_as_many_photos_are_drawn_of_each_class_and_the_same_for_the_same_draw():
    photos = dataset()
    rows = sample_rows(photos, 3, seed=1)
    assert photos.labels(photos.tasks[0])[rows].tolist() == [0] * 3 + [1] * 3
    assert set(rows) <= set(photos.indices("train"))
    assert np.array_equal(rows, sample_rows(photos, 3, seed=1))
    assert not np.array_equal(rows, sample_rows(photos, 3, seed=2))


def test_a_class_with_fewer_photos_gives_all_of_them():
    photos = dataset((12, 8))  # 6 and 4 of them teach
    labels = photos.labels(photos.tasks[0])
    assert np.bincount(labels[sample_rows(photos, 5, seed=0)]).tolist() == [5, 4]


def test_what_would_be_all_photos_again_is_left_out():
    assert sample_rows(dataset((12, 8)), 6, seed=0) is None
    assert len(sample_rows(dataset((12, 8)), None, seed=0)) == 10


def test_a_linear_classifier_names_what_features_tell_apart():
    photos = dataset((40, 40))
    labels = photos.labels(photos.tasks[0])
    values = np.random.default_rng(0).normal(size=(80, 5)) + 6 * labels[:, None]
    assert linear_probe(values, photos, photos.indices("train")).all()


def test_no_photo_chooses_the_classifier_and_judges_it():
    """Of 20 features one tells the classes apart, in training and where the judged photos are; noise drowns the others.
    Where validation is judged, changing its labels must not change what is answered."""
    photos = dataset((60, 60))
    rng = np.random.default_rng(0)
    labels = photos.labels(photos.tasks[0])
    values = rng.normal(size=(120, 20)) + np.eye(20)[0] * labels[:, None]
    judged, rows = photos.indices("validation"), photos.indices("train")
    right = linear_probe(values, photos, rows, "validation")
    turned = photos.table.copy()
    turned.loc[judged, photos.tasks[0].column] = 1 - labels[judged]
    wrong = linear_probe(values, replace(photos, table=turned), rows, "validation")
    assert np.array_equal(right, ~wrong)


def test_the_margin_adds_the_draws_to_the_test_photos():
    figures = [{"right": right, "of": 400} for right in (200, 220, 240)]
    drawing = 4.3027 * np.std([0.5, 0.55, 0.6], ddof=1) / np.sqrt(3)  # Student's t, two degrees of freedom
    low = (220 + 1.96**2 / 2 - 1.96 * np.sqrt(220 * 180 / 400 + 1.96**2 / 4)) / (400 + 1.96**2)  # Wilson
    found = accuracy(figures)
    assert found.percent == pytest.approx(55)
    assert found.margin == pytest.approx(100 * np.hypot(0.55 - low, drawing), rel=1e-3)


def test_all_right_is_not_certain():
    found = accuracy([{"right": 63, "of": 63}] * 3)
    assert found.percent == 100
    assert 5 < found.margin < 7


def test_a_difference_and_a_share_are_as_uncertain_as_both_figures():
    assert Accuracy(60, 3).minus(Accuracy(20, 4)) == "+40.0 ± 5.0"
    assert Accuracy(60, 3).share_of(Accuracy(80, 4)) == f"75.0 ± {75 * np.hypot(0.05, 0.05):.1f}"


def test_a_figure_of_one_draw_of_three_is_not_shown(tmp_path: Path):
    cells, kept = list(_cells([STARTER], ["clothing"], quick=True)), FigureStore(tmp_path / "cells.json")
    few = [cell for cell in cells if cell.way == LINEAR and cell.shots == 5]
    for number, cell in enumerate(few):
        assert not next(iter(_tables(cells, kept))).rows
        assert _accuracy_of(cells, kept, way=LINEAR, shots=5) is None
        kept.add(cell.key, {"right": 5 + number, "of": 10})
    assert _accuracy_of(cells, kept, way=LINEAR, shots=5).percent == pytest.approx(60)


def test_figures_are_kept_and_those_of_other_weights_are_not_taken_for_these(tmp_path: Path):
    cells = {
        way: [Cell(each, "clothing", way, 10, 0).key for each in (real(tmp_path, 1), real(tmp_path, 2))] for way in WAYS
    }
    kept = FigureStore(tmp_path / "cells.json")
    kept.add(cells[LINEAR][0], {"right": 1, "of": 2})
    assert FigureStore(tmp_path / "cells.json").figures == {cells[LINEAR][0]: {"right": 1, "of": 2}}
    assert [len(set(cells[way])) for way in (LINEAR, TUNED)] == [2, 2]
    assert [len(set(cells[way])) for way in (RANDOM, SCRATCH)] == [1, 1]


def test_the_dear_ones_come_last_and_the_goals_first(tmp_path: Path):
    cells = sorted(_cells([STARTER, real(tmp_path, 1)], ["clothing"], quick=False), key=_cost_order)
    assert (cells[0].way, cells[0].shots) == (LINEAR, 10)
    assert (cells[-1].way, cells[-1].subject.name) == (SCRATCH, "real")
    assert {cell.shots for cell in cells if cell.way == SCRATCH and cell.subject.name == "real"} == {10}
    places = {way: [place for place, cell in enumerate(cells) if cell.way == way] for way in WAYS}
    assert max(places[RANDOM] + places[LINEAR]) < min(places[TUNED] + places[SCRATCH])


def test_the_goal_is_judged_against_random_features_scratch_and_the_real_weights(tmp_path: Path):
    kept = FigureStore(tmp_path / "cells.json")
    reference = real(tmp_path, 1)
    cells = list(_cells([STARTER, reference], ["clothing"], quick=False))
    right = {(STARTER, LINEAR): 60, (STARTER, RANDOM): 20, (STARTER, SCRATCH): 30, (reference, LINEAR): 75}
    for cell in cells:
        if (cell.subject, cell.way) in right:
            kept.add(cell.key, {"right": right[cell.subject, cell.way], "of": 100})
    short, goal, by_dataset = _tables(cells, kept)
    assert [line[:2] for line in short.rows] == [line[:2] for line in by_dataset.rows]
    assert [line[2] for line in short.rows] == [line[3] for line in by_dataset.rows]  # after 10 photos per class
    (row,) = goal.rows
    assert row[:2] == ["clothing", "Graft X"]
    assert [figure.split(" ±")[0] for figure in row[3:]] == ["+40.0", "+30.0", "80.0"]
    assert len(by_dataset.rows) == 4


@pytest.fixture(scope="module")
def published() -> Table:
    """What the README shows of the last results."""
    facts = json.loads((RESULTS / "transfer.json").read_text(encoding="utf-8"))
    return Table(**facts["tables"][0])


def test_readme_shows_what_was_measured(published: Table):
    assert to_markdown(published) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_was_measured_is_of_the_starters_that_come_with_graft():
    measured = json.loads((RESULTS / "transfer-cells.json").read_text(encoding="utf-8"))
    for starter in starters_here():
        known = {key.split(" | ")[1] for key in measured if key.split(" | ")[0] == starter.name}
        assert known == {weights_digest(starter)[:8], "random weights"}


def test_the_transfer_example_on_the_model_page_is_what_was_measured(published: Table):
    place = published.columns.index("clothing")
    found = {
        row[1]: float(row[place].split(" ±")[0])
        for row in published.rows
        if row[0].startswith("EfficientNet-Lite0") and row[place]
    }
    assert f"names {found[LINEAR]:.0f} of 100 others right" in TRANSFER_EXAMPLE
    assert f"before it had learned anything, {found[RANDOM]:.0f}." in TRANSFER_EXAMPLE


def test_what_the_model_page_says_of_each_network_here_is_what_was_measured(published: Table):
    place = published.columns.index("clothing")
    found = {row[0].split(",")[0]: float(row[place].split(" ±")[0]) for row in published.rows if row[1] == LINEAR}
    assert {get_card(name).title: right for name, right in CLOTHES_RIGHT.items()} == {
        title: round(found[title]) for title in ("EfficientNet-Lite0", "Graft CNN", "Graft small", "Graft transformer")
    }
