"""Clusters of a synthetic set of features, against scikit-learn and against what they were drawn from."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from core.errors import BadInput
from core.grouping.clustering import (
    UNGROUPED,
    by_size,
    cluster,
    grouping_axes,
    silhouettes,
    split_in_two,
    suggest_count,
    typicality,
)

SIZES = (30, 20, 10)


def clouds(spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Features of 60 photos of three kinds in 32 channels, and the kind of each, the largest first."""
    rng, kinds = np.random.default_rng(0), np.repeat(np.arange(3), SIZES)
    return (rng.normal(size=(3, 32))[kinds] + spread * rng.normal(size=(60, 32))).astype(np.float32), kinds


def test_axes_are_principal_components_of_length_one():
    features, _ = clouds()
    axes = grouping_axes(features)
    assert axes == pytest.approx(
        normalize(PCA(20, random_state=0).fit_transform(features.astype(np.float64))), abs=1e-5
    )


def test_k_means_is_that_of_scikit_learn_with_the_largest_group_first():
    features, kinds = clouds()
    axes = grouping_axes(features)
    found = cluster(axes, "k-means", 3)
    assert (found == kinds).all()
    assert adjusted_rand_score(KMeans(3, n_init=10, random_state=0).fit_predict(axes), found) == 1
    assert (cluster(axes, "k-means") == kinds).all()


def test_the_number_with_the_highest_silhouette_is_suggested():
    axes = grouping_axes(clouds()[0])
    scores = silhouettes(axes)
    assert list(scores) == list(range(2, 16))
    assert scores[3] == pytest.approx(silhouette_score(axes, cluster(axes, "k-means", 3)), abs=1e-4)
    assert suggest_count(axes) == 3


def test_hdbscan_finds_the_number_and_leaves_odd_photos_out():
    kinds, noise = np.repeat(np.arange(3), SIZES), np.random.default_rng(0).normal(size=(60, 8))
    axes = normalize(np.concatenate([np.eye(8)[kinds] + 0.05 * noise, np.eye(8)[7:]]))
    found = cluster(axes, "hdbscan")
    assert found.tolist() == [*kinds, UNGROUPED]


def test_photos_that_are_all_the_same_are_one_group():
    axes = grouping_axes(np.ones((6, 8), np.float32))
    assert set(cluster(axes, "k-means")) == {0}
    with pytest.raises(BadInput, match="look all the same"):
        split_in_two(axes)


def test_a_group_of_two_kinds_is_split_into_them():
    features, kinds = clouds()
    axes = grouping_axes(features)
    assert (split_in_two(axes[kinds < 2]) == (kinds[kinds < 2] == 1)).all()


def test_the_most_typical_photo_is_nearest_to_the_middle():
    angles = np.radians([0, 10, 20, 60])
    axes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert typicality(axes).argsort()[::-1].tolist() == [2, 1, 0, 3]


def test_groups_are_numbered_by_size():
    assert by_size(np.array([4, 4, -1, 2, 2, 2])).tolist() == [1, 1, -1, 0, 0, 0]


@pytest.mark.parametrize(
    ("photos", "method", "count", "words"),
    [
        (3, "k-means", None, "There are 3 photos, too few"),
        (60, "k-means", 61, "61 groups cannot be made of 60 photos. Choose a number from 1 to 60."),
        (60, "k-means", 0, "0 groups cannot be made"),
        (60, "hdbscan", 3, "HDBSCAN finds out itself"),
    ],
)
def test_what_cannot_be_grouped_is_refused_in_words(photos, method, count, words):
    with pytest.raises(BadInput, match=words):
        cluster(grouping_axes(clouds()[0])[:photos], method, count)
