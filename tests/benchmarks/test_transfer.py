"""What the benchmark of transfer computes, on figures and photos made up here."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.probing import Subject, drawn, linear
from benchmarks.transfer import LINEAR, RANDOM, SCRATCH, TUNED, WAYS, Cell, Kept, _cells, _dearness, _tables, accuracy
from core.datasets import Dataset, Task

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
    rows = drawn(photos, 3, seed=1)
    assert photos.labels(photos.tasks[0])[rows].tolist() == [0] * 3 + [1] * 3
    assert set(rows) <= set(photos.indices("train"))
    assert np.array_equal(rows, drawn(photos, 3, seed=1))
    assert not np.array_equal(rows, drawn(photos, 3, seed=2))


def test_a_class_with_fewer_photos_gives_all_of_them():
    photos = dataset((12, 8))  # 6 and 4 of them teach
    labels = photos.labels(photos.tasks[0])
    assert np.bincount(labels[drawn(photos, 5, seed=0)]).tolist() == [5, 4]


def test_what_would_be_all_photos_again_is_left_out():
    assert drawn(dataset((12, 8)), 6, seed=0) is None
    assert len(drawn(dataset((12, 8)), None, seed=0)) == 10


def test_a_linear_classifier_names_what_features_tell_apart():
    photos = dataset((40, 40))
    labels = photos.labels(photos.tasks[0])
    values = np.random.default_rng(0).normal(size=(80, 5)) + 6 * labels[:, None]
    assert linear(values, photos, photos.indices("train")).all()


def test_the_margin_adds_the_draws_to_the_test_photos():
    figures = [{"right": right, "of": 400} for right in (200, 220, 240)]
    spread = np.var([0.5, 0.55, 0.6], ddof=1) / 3
    found = accuracy(figures)
    assert found.percent == pytest.approx(55)
    assert found.margin == pytest.approx(196 * np.sqrt(0.55 * 0.45 / 400 + spread))
    assert accuracy(figures[:1]).margin == pytest.approx(196 * np.sqrt(0.25 / 400))


def test_figures_are_kept_and_those_of_other_weights_are_not_taken_for_these(tmp_path: Path):
    cells = {
        way: [Cell(each, "clothing", way, 10, 0).key for each in (real(tmp_path, 1), real(tmp_path, 2))] for way in WAYS
    }
    kept = Kept(tmp_path / "cells.json")
    kept.add(cells[LINEAR][0], {"right": 1, "of": 2})
    assert Kept(tmp_path / "cells.json").figures == {cells[LINEAR][0]: {"right": 1, "of": 2}}
    assert [len(set(cells[way])) for way in (LINEAR, TUNED)] == [2, 2]
    assert [len(set(cells[way])) for way in (RANDOM, SCRATCH)] == [1, 1]


def test_the_dear_ones_come_last_and_the_goals_first(tmp_path: Path):
    cells = sorted(_cells([STARTER, real(tmp_path, 1)], ["clothing"], quick=False), key=_dearness)
    assert (cells[0].way, cells[0].shots) == (LINEAR, 10)
    assert (cells[-1].way, cells[-1].subject.name) == (TUNED, "real")
    places = {way: [place for place, cell in enumerate(cells) if cell.way == way] for way in WAYS}
    assert max(places[RANDOM] + places[LINEAR]) < min(places[TUNED] + places[SCRATCH])


def test_the_goal_is_judged_against_random_features_scratch_and_the_real_weights(tmp_path: Path):
    kept = Kept(tmp_path / "cells.json")
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
    assert row[3:] == pytest.approx([40, 30, 80])
    assert len(by_dataset.rows) == 4
