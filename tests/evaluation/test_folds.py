"""Folds: the one way in which photos are parted to cross-validate."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from core.evaluation import group_folds


def test_each_photo_is_judged_once_and_groups_stay_whole():
    strata, groups = np.arange(60) % 3, np.repeat([f"tree {n}" for n in range(20)], 3)
    folds = group_folds(strata, groups, 5, seed=1)
    assert sorted(np.concatenate([judged for _, judged in folds]).tolist()) == list(range(60))
    for learned, judged in folds:
        assert not set(groups[learned]) & set(groups[judged])
        assert (np.bincount(strata[judged]) == 4).all()


def test_they_are_scikit_learns():
    strata, groups = np.arange(40) % 2, np.array([f"{n:02}" for n in range(40)])
    wanted = StratifiedGroupKFold(4, shuffle=True, random_state=7).split(groups, strata, groups)
    for found, expected in zip(group_folds(strata, groups, 4, seed=7), wanted, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("strata", "groups", "count", "folds"),
    [
        ([0, 0, 1, 1], "aabb", 5, 2),  # as many as there are groups
        ([0, 0, 1, 1], "aaaa", 5, 0),  # one group
        ([0, 1, 2, 3], "abcd", 2, 0),  # no class has two photos
        ([0, 0, 0, 1], "abcd", 3, 3),  # a class with one photo is in one fold
    ],
)
def test_as_many_as_there_can_be(strata: list[int], groups: str, count: int, folds: int):
    assert len(group_folds(np.array(strata), list(groups), count)) == folds
