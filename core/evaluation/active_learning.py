"""Which photos to label next, and which labels can nearly be guessed, from a head's answers and kept features.

A head learns most from photos of which it is unsure. Unsure is here a small margin between its two best answers
(Scheffer, Decomain and Wrobel, "Active Hidden Markov Models for Information Extraction", IDA 2001). The most unsure
photos alone are often twenty of one kind, so several times as many are clustered by their features, weighted by how
unsure each is, and the one nearest to each centre is asked about (Zhdanov, "Diverse mini-batch Active Learning",
arXiv:1901.05954, 2019, algorithm 1, with his factor of 10).
"""

import numpy as np

CANDIDATES = 10  # times as many of the most unsure photos are clustered as are asked about
LEAST_WEIGHT = 1e-6  # of a photo of which the head is certain: k-means wants some


def answer_margins(probabilities: np.ndarray) -> np.ndarray:
    """How much more probable the best answer is than the second, [photos]. probabilities: [photos, classes], at least
    two classes.
    """
    second, best = np.sort(probabilities, axis=1)[:, -2:].T
    return best - second


def most_instructive(features: np.ndarray, probabilities: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Places of at most so many photos that are unsure and unlike each other, the most unsure first, int64 [count].

    features: float32 [photos, channels]. probabilities: [photos, classes].
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    margins = answer_margins(probabilities)
    unsure = np.argsort(margins, kind="stable")[: CANDIDATES * count]
    distinct = np.unique(features[unsure], axis=0, return_index=True)[1]
    if len(distinct) <= count:
        return unsure[:count]
    candidates = unsure[np.sort(distinct)]  # a copy of a photo teaches nothing more
    weights = np.maximum(1 - margins[candidates], LEAST_WEIGHT)
    with threadpool_limits(1):  # the same bits each time
        found = KMeans(count, n_init=1, random_state=seed).fit(features[candidates], sample_weight=weights)
        distances = found.transform(features[candidates])
    chosen = candidates[_nearest_of_each(distances, found.labels_)]
    return chosen[np.argsort(margins[chosen], kind="stable")]


def _nearest_of_each(distances: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Of each cluster that has photos, the place of the one nearest to its centre. distances: [photos, clusters]."""
    members = [np.flatnonzero(clusters == number) for number in range(distances.shape[1])]
    return np.array([own[distances[own, number].argmin()] for number, own in enumerate(members) if len(own)])
