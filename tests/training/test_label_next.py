"""Rounds of labelling: a head on kept features asks, is answered, and its accuracy becomes a curve on the disk."""

import importlib

import numpy as np
import pytest

from core.datasets import Dataset, give_labels, import_dataset, relabel, take_suggestions, undo
from core.errors import BadDataset, Refused
from core.home import Home
from core.plans import BackboneChoice
from core.training import fit_and_judge, next_round, read_curve

NETWORK = BackboneChoice(name="graft-resnet10t"), 32


@pytest.fixture
def few(home: Home, draw_photos, tmp_path) -> Dataset:
    """60 photos of discs and boxes, two in three without a label."""
    photos = import_dataset(home, "few", draw_photos(tmp_path / "drawn", {"disc": 30, "box": 30}))
    ids = photos.table["image_id"].to_numpy()
    return relabel(home, photos, ids[np.arange(60) % 3 > 0], "class", "")


def test_a_round_asks_trains_again_and_keeps_its_curve(home: Home, few: Dataset, monkeypatch):
    task = few.tasks[0]
    first = next_round(home, few, task, *NETWORK, count=5)
    train_ids = set(few.table["image_id"][few.table["split"] == "train"])
    assert len(first.questions) == 5
    assert {each.image_id for each in first.guesses} <= train_ids
    assert [each.confidence for each in first.guesses] == sorted(each.confidence for each in first.guesses)
    point = first.curve[-1]
    assert (point.by, len(first.curve)) == ("cross-validation", 1)
    assert point.judges == few.is_labelled(task)[few.table["split"] != "test"].sum()

    answers = {each.image_id: each.suggestion for each in first.questions}
    answered = give_labels(home, few, task.name, answers)
    module = importlib.import_module("core.activations.photo_features")
    monkeypatch.setattr(module, "build_backbone", None)  # features are kept
    second = next_round(home, answered, answered.tasks[0], *NETWORK, count=5)
    assert [each.labels for each in second.curve] == [point.labels, point.labels + 5]
    assert not answers.keys() & {each.image_id for each in second.guesses}
    assert read_curve(answered, task, *NETWORK) == second.curve

    undone = undo(home, answered)
    assert len(next_round(home, undone, undone.tasks[0], *NETWORK, count=5).curve) == 1


def test_suggested_labels_judge_nothing(home: Home, few: Dataset):
    task = few.tasks[0]
    features = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    _, before = fit_and_judge(few, task, features)
    waiting = few.table["image_id"][~few.is_labelled(task) & (few.table["split"] == "train").to_numpy()]
    taken = take_suggestions(home, few, task.name, dict.fromkeys(waiting, "disc"))
    _, after = fit_and_judge(taken, taken.tasks[0], features)
    assert before
    assert after
    assert (after.judges, after.suggested) == (before.judges, len(waiting))
    assert after.labels == before.labels + len(waiting)
    with pytest.raises(Refused, match="has a label"):
        next_round(home, taken, taken.tasks[0], *NETWORK)


def test_validation_judges_where_it_can(home: Home, few: Dataset, monkeypatch):
    monkeypatch.setattr("core.training.label_next.ENOUGH_TO_JUDGE", 1)
    features = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    _, point = fit_and_judge(few, few.tasks[0], features)
    assert point
    assert (point.by, point.judges) == ("validation", len(few.labelled_rows(few.tasks, "validation")))


def test_one_class_is_nothing_to_begin_with(home: Home, few: Dataset):
    boxes = few.table["image_id"][few.labels(few.tasks[0]) == few.tasks[0].classes.index("box")]
    alone = relabel(home, few, boxes, "class", "")
    with pytest.raises(BadDataset, match="nothing to tell apart"):
        next_round(home, alone, alone.tasks[0], *NETWORK)
