"""The split's promises, each against plain counting in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import SplitPlan
from core.datasets.splitting import draw_splits, settle_splits
from core.errors import BadInput
from core.tasks import MISSING

shares = st.sampled_from([(0.8, 0.1, 0.1), (0.7, 0.3, 0.0), (0.34, 0.33, 0.33), (0.1, 0.8, 0.1), (0.05, 0.05, 0.9)])
plans = st.builds(lambda s, seed: SplitPlan(*s, seed=seed), shares, st.integers(0, 2**31))


@st.composite
def photos(draw):
    """labels int [photos, 2], groups, hashes: with missing labels, groups across classes, and equal files."""
    count = draw(st.integers(1, 60))
    label = st.integers(MISSING, 4)
    labels = draw(st.lists(st.tuples(label, label), min_size=count, max_size=count))
    groups = draw(st.lists(st.sampled_from([None, None, None, "x", "y", "z"]), min_size=count, max_size=count))
    hashes = draw(st.lists(st.integers(0, 2 * count), min_size=count, max_size=count))
    return np.array(labels, dtype=np.int64), groups, [f"{h:064x}" for h in hashes]


def alone(labels: list[int]) -> tuple[np.ndarray, list[None], list[str]]:
    """Photos of one task that belong to no group, each another file."""
    return np.array(labels)[:, None], [None] * len(labels), [str(n) for n in range(len(labels))]


def count(splits: np.ndarray, labels: np.ndarray, label: int) -> list[int]:
    return [int(((splits == split) & (labels[:, 0] == label)).sum()) for split in ("train", "validation", "test")]


@given(photos(), plans)
def test_what_belongs_together_never_parts(many, plan):
    labels, groups, hashes = many
    splits = draw_splits(labels, groups, hashes, plan)
    for keys in (groups, hashes):
        for key in set(keys) - {None}:
            assert len({split for split, k in zip(splits, keys, strict=True) if k == key}) == 1


@given(photos(), plans)
def test_every_class_of_every_task_is_taught(many, plan):
    labels, groups, hashes = many
    splits = draw_splits(labels, groups, hashes, plan)
    for task in labels.T:
        distilled = set(task[splits == "train"])
        assert set(task) - {MISSING} <= distilled


@given(st.lists(st.integers(0, 5), min_size=1, max_size=80), plans)
def test_every_class_with_two_photos_is_validated(labels, plan):
    many = alone(labels)
    splits = draw_splits(*many, plan)
    for label in set(labels):
        train, validation, _ = count(splits, many[0], label)
        assert train >= 1
        assert validation >= (labels.count(label) > 1)


@given(photos(), plans)
def test_the_same_photos_and_seed_give_the_same_split(many, plan):
    assert draw_splits(*many, plan).tolist() == draw_splits(*many, plan).tolist()


@given(st.lists(st.integers(10, 90), min_size=1, max_size=6), plans)
def test_each_class_has_its_shares_within_rounding(sizes, plan):
    many = alone([label for label, size in enumerate(sizes) for _ in range(size)])
    splits = draw_splits(*many, plan)
    for label, size in enumerate(sizes):
        # One from rounding, one because each class must have a photo to learn from and one to validate with.
        assert np.abs(np.array(count(splits, many[0], label)) - size * np.array(plan.shares)).max() <= 2


@given(photos(), plans, st.data())
def test_photos_that_have_a_split_keep_it_and_their_kin_follow(many, plan, data):
    labels, groups, hashes = many
    first = draw_splits(labels, groups, hashes, plan)
    kept = data.draw(st.lists(st.booleans(), min_size=len(first), max_size=len(first)))
    fixed = [split if keep else None for split, keep in zip(first, kept, strict=True)]
    again = draw_splits(labels, groups, hashes, SplitPlan(seed=plan.seed), fixed)
    for row, split in enumerate(fixed):
        kin = [i for i in range(len(first)) if hashes[i] == hashes[row] or (groups[row] and groups[i] == groups[row])]
        if split:
            assert {again[i] for i in kin} == {split}


def test_another_seed_is_another_split():
    many = alone([0, 1] * 50)
    assert draw_splits(*many, SplitPlan(seed=0)).tolist() != draw_splits(*many, SplitPlan(seed=1)).tolist()


def test_a_share_of_nothing_stays_empty():
    labels, _, hashes = alone([0] * 30 + [1] * 30)
    groups = [f"film {n // 10}" for n in range(60)]
    assert "test" not in draw_splits(labels, groups, hashes, SplitPlan(0.5, 0.5, 0.0))


def test_many_small_classes_still_get_their_share_of_tests():
    many = alone([n // 5 for n in range(1_000)])
    tested = (draw_splits(*many, SplitPlan()) == "test").sum()
    assert 80 <= tested <= 120


def test_large_groups_are_spread_by_their_photos():
    labels, _, hashes = alone([0] * 100 + [1] * 100)
    groups = [f"film {n // 5}" for n in range(200)]
    splits = draw_splits(labels, groups, hashes, SplitPlan())
    for label in (0, 1):
        assert count(splits, labels, label) == [80, 10, 10]


def test_given_folders_are_not_touched_even_where_they_share_a_file():
    labels, groups, _ = alone([0, 0, 1, 1])
    given_splits = ["train", "test", "train", "validation"]
    splits, origin = settle_splits(given_splits, labels, groups, ["same"] * 4, SplitPlan())
    assert (splits.tolist(), origin) == (given_splits, "folders")


def test_photos_outside_the_given_folders_join_train():
    labels, groups, hashes = alone([0, 0, 0, 1, 1, 1])
    splits, _ = settle_splits(["train", "validation", None] * 2, labels, groups, hashes, SplitPlan())
    assert splits.tolist() == ["train", "validation", "train"] * 2


@pytest.mark.parametrize("kinds", [["test"], ["train"], ["validation", "test"], [None]])
def test_folders_that_make_no_split_are_drawn_afresh(kinds):
    labels, groups, hashes = alone([0, 1] * 20)
    splits, origin = settle_splits((kinds * 40)[:40], labels, groups, hashes, SplitPlan())
    assert origin == "drawn"
    assert set(splits) == {"train", "validation", "test"}


@pytest.mark.parametrize("wrong", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (float("nan"), 0.5, 0.5)])
def test_shares_that_are_no_whole_are_refused(wrong):
    with pytest.raises(BadInput, match="not to 100%"):
        SplitPlan(*wrong)


@pytest.mark.parametrize("wrong", [(1.0, 0.0, 0.0), (0.0, 0.5, 0.5)])
def test_a_split_that_cannot_teach_or_validate_is_refused(wrong):
    with pytest.raises(BadInput, match="photos to learn from and photos to validate with"):
        SplitPlan(*wrong)
