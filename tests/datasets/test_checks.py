"""Checks say in plain words what a person should know; each is asserted as it is read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.datasets import CHECKS, TASK_CHECKS, Dataset, Rejected, check
from core.datasets.table import encode
from core.errors import Check
from core.tasks import MISSING, Task


def made(rows: list[dict], tasks: tuple[str, ...] = ("class",), rejected: int = 0) -> Dataset:
    """A dataset of these rows; what they do not say is usual."""
    usual = {"width": 200, "height": 150, "split": "train", "group": None}
    full = [{**usual, "hash": f"{n:064x}", "name": f"{row.get('class')}/{n}.png", **row} for n, row in enumerate(rows)]
    table = pd.DataFrame(full).rename(columns={task: f"label:{task}" for task in tasks})
    table["image_id"] = [str(n) for n in range(len(rows))]
    table["picture"] = pd.factorize(table["hash"])[0]
    table, made_tasks = encode(table, [Task(task) for task in tasks])
    gone = tuple(Rejected(f"{n}.jpg", "It is none.") for n in range(rejected))
    return Dataset("id", "made", 1, Path("nowhere"), made_tasks, table, rejected=gone)


def photos(label: str, count: int, **what) -> list[dict]:
    """A third of them validates, and the last one tests."""
    splits = ["validation" if n % 3 == 0 else "train" for n in range(count - 1)] + ["test"]
    return [{"class": label, "split": split, **what} for split in splits]


def said(dataset: Dataset, level: str) -> list[str]:
    return [found.sentence for found in check(dataset) if found.level == level]


def test_a_sound_dataset_is_said_to_be_sound():
    dataset = made([*photos("oak", 120), *photos("fir", 110)])
    assert [(c.level, c.sentence) for c in check(dataset)] == [
        ("ok", "230 photos read, none broken"),
        ("ok", "Every class has at least 100 photos"),
    ]


def test_files_left_out_are_counted():
    dataset = made([*photos("oak", 60), *photos("fir", 60)], rejected=1)
    assert said(dataset, "warning") == ["120 photos read, 1 file left out: see why below"]


def test_classes_of_unequal_size_are_named():
    dataset = made([*photos("t-shirt", 170), *photos("skirt", 31)])
    assert "t-shirt has five times as many as skirt: accuracy is also shown per class" in said(dataset, "warning")


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (["a"], "a has fewer than 20 photos: figures for so few are rough"),
        (["a", "b"], "a and b have fewer than 20 photos: figures for so few are rough"),
        (list("abcdef"), "a, b, c and 3 more have fewer than 20 photos: figures for so few are rough"),
    ],
)
def test_small_classes_are_named(classes, sentence):
    dataset = made([*photos("z", 60), *(p for c in classes for p in photos(c, 19))])
    assert sentence in said(dataset, "warning")


def test_many_classes_of_one_photo_are_not_all_listed():
    dataset = made([*photos("z", 60), *({"class": f"class {n}"} for n in range(10))])
    stops = said(dataset, "stop")
    assert len(stops) == 4
    assert stops[-1] == "7 more classes have 1 photo only"


def test_copies_across_splits_are_worth_a_look():
    rows = [*photos("oak", 60), *photos("fir", 60)]
    rows[1] |= {"hash": "same", "split": "train"}
    rows[2] |= {"hash": "same", "split": "test"}
    leak = "A leak: 1 photo lies in more than one split, as the same file or saved again"
    assert f"{leak}, so figures look better than they are" in said(made(rows), "warning")


def test_copies_within_a_split_are_counted_and_contradictions_named():
    rows = [*photos("oak", 60), *photos("fir", 60)]
    for row in (rows[0], rows[3], rows[60]):
        row |= {"hash": "same", "split": "train"}
    found = said(made(rows), "warning")
    assert "2 photos came more than once; copies stay in one split" in found
    assert "1 photo is in two classes: relabel or leave one out" in found


def test_shapes_and_sizes_that_hide_things_are_counted():
    rows = [*photos("oak", 60), *photos("fir", 60)]
    rows[0] |= {"width": 900, "height": 200}
    rows[1] |= {"width": 20, "height": 30}
    rows[2] |= {"width": 20, "height": 30}
    assert said(made(rows), "warning") == [
        "1 photo is more than three times as long as wide: only the middle is seen",
        "2 photos have a side under 32 pixels: little can be seen in them",
    ]


def test_missing_labels_are_counted_by_task():
    rows = [{**row, "spotted": None if n < 3 else ["yes", "no"][n % 2]} for n, row in enumerate(photos("oak", 60))]
    rows += [{**row, "spotted": "no"} for row in photos("fir", 60)]
    dataset = made(rows, ("class", "spotted"))
    assert (dataset.labels(dataset.tasks[1])[:3] == MISSING).all()
    assert '3 photos have no label for "spotted" and teach nothing about it' in said(dataset, "warning")
    assert "class: Every class has at least 50 photos" in said(dataset, "ok")


def test_a_class_that_only_tests_cannot_be_learned():
    rows = [*photos("oak", 60), *photos("fir", 60), *({"class": "elm", "split": "test"} for _ in range(30))]
    assert "elm has no photo in train, so it cannot be learned" in said(made(rows), "warning")


def test_too_few_photos_to_judge_by_are_said_and_none_stops():
    few = made([*photos("oak", 30), *photos("fir", 30)])
    assert "Only 20 photos to validate with: overfitting is judged from 30 on" in said(few, "warning")
    none = made([{"class": label} for label in "ab" * 30])
    assert said(none, "stop") == ["There are no photos to validate with: add photos or split again"]


def test_no_test_photos_is_said():
    rows = [{**row, "split": "train" if row["split"] == "test" else row["split"]} for row in photos("oak", 60)]
    rows += [{**row, "class": "fir"} for row in rows]
    sentence = "No test photos: there will be no final figure on photos never used before"
    assert sentence in said(made(rows), "warning")


def test_classes_joined_from_several_folders_are_named_but_not_those_of_splits():
    rows = [{**row, "name": f"{('amazon', 'dslr')[n % 2]}/mug/{n}.png"} for n, row in enumerate(photos("mug", 60))]
    rows += [{**row, "name": f"{('train', 'test')[n % 2]}/bike/{n}.png"} for n, row in enumerate(photos("bike", 60))]
    sentence = '1 class was put together from folders of one name: "mug" lies in amazon and dslr'
    assert said(made(rows), "warning") == [sentence]


def test_checks_do_not_change_the_dataset():
    dataset = made([*photos("oak", 9), *photos("fir", 9)])
    before = dataset.table.copy()
    check(dataset)
    assert dataset.table.equals(before)
    assert np.array_equal(dataset.table.columns, before.columns)


def test_a_check_that_registers_itself_is_made_with_the_others(monkeypatch):
    monkeypatch.setitem(CHECKS, "size", lambda dataset: [Check("warning", f"{len(dataset)} photos are few")])
    monkeypatch.setitem(TASK_CHECKS, "name", lambda dataset, task: [Check("ok", f'"{task.name}" is a short name')])
    dataset = made([*photos("oak", 120), *photos("fir", 110)])
    assert said(dataset, "warning") == ["230 photos are few"]
    assert '"class" is a short name' in said(dataset, "ok")


def test_groups_are_counted_and_said_to_lie_in_one_split_each():
    rows = [
        {"class": "ab"[n % 2], "group": f"P{n // 4}", "split": "train" if n < 60 else "validation"} for n in range(80)
    ]
    assert "20 groups of photos, none in more than one split" in said(made(rows), "ok")


def test_groups_that_official_splits_part_are_a_leak():
    rows = [
        {"class": "ab"[n % 2], "group": f"P{n // 4}", "split": "train" if n < 62 else "validation"} for n in range(80)
    ]
    assert (
        "1 group of photos lies in more than one split, so figures look better than they are: split again to keep them "
        "together"
    ) in said(made(rows), "warning")
