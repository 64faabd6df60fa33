"""Clusters of photos by what a network sees in them: k-means, with a suggestion how many, or HDBSCAN.

Features are projected on the axes along which they differ most, and each photo is scaled to length 1, so that angles
count and not how strongly something is seen: as Caron et al., "Deep clustering for unsupervised learning of visual
features" (ECCV 2018, section 4.1) do, without their whitening.
"""

from typing import Literal

import numpy as np

from core.errors import BadInput

Method = Literal["k-means", "hdbscan"]
METHODS: dict[Method, str] = {"k-means": "k-means", "hdbscan": "HDBSCAN"}
UNGROUPED = -1  # in place of a photo's group
AXES = 20
FEWEST_PHOTOS = 4
MOST_GROUPS = 100
MOST_SUGGESTED = 15
MOST_JUDGED = 2_000  # photos by which a number of groups is judged: each is compared with all others
NEAR_PHOTOS = 5  # a photo that has fewer near ones lies alone


def grouping_axes(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """What clusters are made of: float32 [photos, axes], each photo of length 1. features: [photos, channels]."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    with np.errstate(invalid="ignore"):  # photos that are all the same have no variance to explain
        axes = PCA(min(AXES, *features.shape), random_state=seed).fit_transform(features.astype(np.float64))
    return normalize(axes).astype(np.float32)


def cluster(axes: np.ndarray, method: Method, count: int | None = None, seed: int = 0) -> np.ndarray:
    """The group of each photo, int64 [photos], the largest first; UNGROUPED for photos that HDBSCAN leaves out.

    count: of groups, for k-means; None takes the suggested one. Raises BadInput.
    """
    if len(axes) < FEWEST_PHOTOS:
        raise BadInput(f"There are {len(axes)} photos, too few to sort into groups.", "Add photos first.")
    if method == "hdbscan":
        if count is not None:
            raise BadInput(
                "HDBSCAN finds out itself how many groups there are.", "Leave the number out, or use k-means."
            )
        return by_size(_hdbscan(axes))
    if count is None:
        count = suggest_count(axes, seed)
    if not 1 <= count <= min(MOST_GROUPS, len(axes)):
        raise BadInput(
            f"{count} groups cannot be made of {len(axes):,} photos.",
            f"Choose a number from 1 to {min(MOST_GROUPS, len(axes))}.",
        )
    return by_size(_k_means(axes, count, seed))


def suggest_count(axes: np.ndarray, seed: int = 0) -> int:
    """How many groups stand apart best: the number with the highest mean silhouette (Rousseeuw, "Silhouettes: a
    graphical aid to the interpretation and validation of cluster analysis", 1987), from 2 to 15; 1 where no two photos
    differ.
    """
    scores = silhouettes(axes, seed)
    return max(scores, key=scores.__getitem__, default=1)


def silhouettes(axes: np.ndarray, seed: int = 0) -> dict[int, float]:
    """By number of groups, their mean silhouette, -1 to 1, judged by at most 2,000 photos."""
    from sklearn.metrics import silhouette_score

    judges = axes[np.random.default_rng(seed).permutation(len(axes))[:MOST_JUDGED]]
    found = {}
    for count in range(2, min(MOST_SUGGESTED, len(judges) - 1) + 1):
        groups = _k_means(judges, count, seed)
        if len(np.unique(groups)) == count:  # fewer where there are not so many different photos
            found[count] = float(silhouette_score(judges, groups))
    return found


def typicality(axes: np.ndarray) -> np.ndarray:
    """How near each photo of one group is to the middle of it, cosine, float [photos]: 1 is the most typical."""
    middle = axes.mean(axis=0)
    return axes @ (middle / max(float(np.linalg.norm(middle)), 1e-9))


def split_in_two(axes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Which half of one group each photo belongs to by 2-means, bool [photos]. Raises BadInput (nothing differs)."""
    halves = _k_means(axes, 2, seed) if len(axes) > 1 else np.zeros(len(axes))
    if len(np.unique(halves)) < 2:
        raise BadInput(
            "This group cannot be split: its photos look all the same to the network.", "Move photos by hand."
        )
    return by_size(halves) == 1


def by_size(groups: np.ndarray) -> np.ndarray:
    """The same groups numbered anew, the largest first; what is UNGROUPED stays so."""
    numbers, counts = np.unique(groups[groups != UNGROUPED], return_counts=True)
    new = {int(number): place for place, number in enumerate(numbers[np.argsort(-counts, kind="stable")])}
    return np.array([new.get(int(each), UNGROUPED) for each in groups], dtype=np.int64)


def _k_means(axes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Lloyd's algorithm from the best of ten starts by k-means++ (Arthur and Vassilvitskii, SODA 2007)."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different photos than groups: fewer are made
        return KMeans(count, n_init=10, random_state=seed).fit_predict(axes)


def _hdbscan(axes: np.ndarray) -> np.ndarray:
    """Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates" (PAKDD 2013):
    groups are of a fiftieth of the photos at least, and of no fewer than the neighbours that a photo is judged by.
    """
    from sklearn.cluster import HDBSCAN

    neighbors = min(NEAR_PHOTOS, len(axes) // 2)
    least = max(neighbors, 2, len(axes) // 50)
    return HDBSCAN(min_cluster_size=least, min_samples=neighbors, copy=True).fit_predict(axes.astype(np.float64))
