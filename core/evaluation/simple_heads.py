"""Simple heads on a frozen network's features, by scikit-learn, and their answers to photos that they never saw.

Each head gives scores [photos, classes] whose softmax is its answer. Scores of a margin, a distance or a vote are no
log probabilities yet, so all of them are multiplied by one number, with which the answers are as sure as they are right
on photos that were not learned from (temperature scaling: Guo et al., "On Calibration of Modern Neural Networks", ICML
2017, section 4.2). It leaves a linear head linear, and the order of its answers as it was.

What a head needs to be told (C, k) is chosen by cross-validation, and so is that number. So that the choice flatters
nobody, each fold is answered with what was best on the other folds (Tsamardinos et al., "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation", Machine Learning 107, 2018).
"""

import warnings
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.evaluation.folds import Fold, group_folds
from core.plans import HeadKind

FOLDS = 5
STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1_000.0)  # C of logistic regression, for features of mean squared length 1
SVM_STRENGTHS = (0.01, 0.1, 1.0, 10.0)
NEIGHBORS = (1, 3, 5, 10, 20, 40)
LEAST_DISTANCE = 1e-3  # nearer photos are copies: float32 tells no less apart
LOG_SCALES = (-5.0, 8.0)  # between which the logarithm of the scale is sought
ABSENT = 10.0  # how far a class without a photo scores below the mean of the others
MAX_ITERATIONS = 1_000
CHOICE_LIMIT = 1_000  # photos by which a setting is chosen: more choose the same, and would take long


@dataclass(frozen=True, eq=False)
class LabelledPhotos:
    """features: float32 [photos, channels]. labels: int64 [photos], each below `classes`. groups: of each photo; photos
    of one group are alike.
    """

    features: np.ndarray
    labels: np.ndarray
    classes: int
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: np.ndarray) -> "LabelledPhotos":
        return replace(self, features=self.features[places], labels=self.labels[places], groups=self.groups[places])


@dataclass(frozen=True, eq=False)
class LinearHead:
    """weight: float32 [classes, channels]. bias: float32 [classes]. absent: bool [classes], which classes had no photo;
    they score ABSENT below the mean of the others, whatever the scale, and so are never the answer.
    """

    weight: np.ndarray
    bias: np.ndarray
    absent: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weight.T + self.bias

    def times(self, scale: float) -> "LinearHead":
        bias = scale * (self.bias + ABSENT * self.absent) - ABSENT * self.absent
        return replace(self, weight=np.float32(scale) * self.weight, bias=bias.astype(np.float32))


@dataclass(frozen=True, eq=False)
class NeighborsHead:
    """The `neighbors` photos whose features are nearest vote for their classes, each by one over its distance (Dudani,
    "The Distance-Weighted k-Nearest-Neighbor Rule", IEEE Transactions on Systems, Man, and Cybernetics 6, 1976). One
    more votes for all classes alike, so that none is impossible. The scores are logarithms of the shares of the vote.

    Distances are those of features of length 1, and so of their angles: with EfficientNet-Lite0 and 10 or 30 photos per
    class of clothing, three more of 100 photos were named right than by distances of features as they are.
    """

    photos: LabelledPhotos
    neighbors: int
    scale: float = 1.0

    def scores(self, features: np.ndarray) -> np.ndarray:
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.preprocessing import normalize

        voters = KNeighborsClassifier(self.neighbors, weights=_votes, algorithm="brute")
        voters.fit(normalize(self.photos.features), self.photos.labels)
        shares: np.ndarray = np.zeros((len(features), self.photos.classes), np.float32)
        shares[:, voters.classes_] = voters.predict_proba(normalize(features))
        shares = (self.neighbors * shares + 1 / self.photos.classes) / (self.neighbors + 1)
        return np.float32(self.scale) * np.log(shares)

    def times(self, scale: float) -> "NeighborsHead":
        return replace(self, scale=scale * self.scale)


def _votes(distances: np.ndarray) -> np.ndarray:
    return 1 / np.maximum(distances, LEAST_DISTANCE)


Head = LinearHead | NeighborsHead


@dataclass(frozen=True)
class Method:
    """settings: to choose from, the simplest head first. fit: a head from photos and a setting."""

    settings: Sequence[float]
    fit: Callable[[LabelledPhotos, float], Head]

    def settings_for(self, photos: int) -> Sequence[float]:
        """Those that so many photos allow: more neighbours than photos cannot vote."""
        return [each for each in self.settings if each <= photos] if self.settings is NEIGHBORS else self.settings


@dataclass(frozen=True)
class Choice:
    """setting: C or k; 0 where a head has none. scale: what its scores are multiplied by."""

    setting: float
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """choice: by all folds. probabilities: float32 [photos, classes], of heads that learned from the other folds."""

    choice: Choice
    probabilities: np.ndarray


def fit_head(kind: HeadKind, photos: LabelledPhotos, choice: Choice) -> Head:
    """The head of these photos."""
    return METHODS[kind].fit(photos, choice.setting).times(choice.scale)


def cross_validate(
    kind: HeadKind, photos: LabelledPhotos, seed: int
) -> Generator[tuple[int, int], None, CrossValidation | None]:
    """Answers to each photo by heads that saw neither it nor any photo of its group, and what was best for them.

    Yields how many of how many heads are fitted. None where no folds say anything: there are too few photos, or each
    class is one group.
    """
    method, folds = METHODS[kind], head_folds(photos, seed)
    if not folds:
        return None
    settings = method.settings_for(min(len(learned) for learned, _ in folds))
    if len(settings) > 1 and len(photos) > CHOICE_LIMIT:
        some = np.sort(np.random.default_rng(seed).choice(len(photos), CHOICE_LIMIT, replace=False))
        if of_some := (yield from cross_validate(kind, photos.take(some), seed)):
            settings = [of_some.choice.setting]
    scores = np.zeros((len(settings), len(photos), photos.classes), np.float32)
    known = np.zeros(len(photos), bool)  # whether its class was taught: what nobody could know chooses nothing
    for number, (learned, held) in enumerate(folds):
        learning = photos.take(learned)
        known[held] = np.isin(photos.labels[held], learning.labels)
        for place, setting in enumerate(settings):
            scores[place, held] = _fit(method, learning, setting).scores(photos.features[held])
            yield number * len(settings) + place + 1, len(folds) * len(settings)
    if not known.any():
        return None
    probabilities = np.zeros((len(photos), photos.classes), np.float32)
    for others, held in folds:
        judges = others[known[others]] if known[others].any() else np.flatnonzero(known)
        chosen, scale = _best(scores[:, judges], photos.labels[judges])
        probabilities[held] = softmax(scale * scores[chosen, held])
    chosen, scale = _best(scores[:, known], photos.labels[known])
    return CrossValidation(Choice(settings[chosen], scale), probabilities)


def usual_choice(kind: HeadKind, photos: LabelledPhotos) -> Choice:
    """What a head is told where photos are too few to ask them."""
    settings = METHODS[kind].settings_for(len(photos))
    return Choice(settings[len(settings) // 2])


def head_folds(photos: LabelledPhotos, seed: int) -> list[Fold]:
    """Stratified folds that keep groups whole; a class of fewer photos than folds is not in all of them."""
    counts = np.unique(photos.labels, return_counts=True)[1]
    return group_folds(photos.labels, photos.groups, min(FOLDS, counts.max(initial=0)), seed)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Of each row, [photos, classes]."""
    from scipy.special import softmax as softmax_of

    return softmax_of(scores, axis=1)


def best_scale(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The number by which scores are multiplied so that their softmax has the lowest loss, and that loss in nats.

    A right answer is aimed at with less than certainty, as if each class had one photo more: else the number for
    answers that are all right would be infinite (Platt, "Probabilistic Outputs for Support Vector Machines", 1999,
    section 2.2).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    photos, classes = scores.shape
    scores = scores.astype(np.float64)
    right = scores[np.arange(photos), labels]
    aimed = (photos * right.mean() + scores.mean(axis=1).mean() * classes) / (photos + classes)

    def loss(log_scale: float) -> float:
        scale = np.exp(log_scale)
        return float(logsumexp(scale * scores, axis=1).mean() - scale * aimed)

    found = minimize_scalar(loss, bounds=LOG_SCALES, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)), float(found.fun)


def _best(scores: np.ndarray, labels: np.ndarray) -> tuple[int, float]:
    """The number of the setting with the lowest loss, and its scale. scores: [settings, photos, classes]."""
    found = [best_scale(each, labels) for each in scores]
    chosen = min(range(len(found)), key=lambda number: found[number][1])
    return chosen, found[chosen][0]


def _fit(method: Method, photos: LabelledPhotos, setting: float) -> Head:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # its steps are too small to share, and one thread gives the same bits each time
        return method.fit(photos, setting)


def _logistic_regression(photos: LabelledPhotos, strength: float) -> Head:
    from sklearn.linear_model import LogisticRegression

    return _linear(LogisticRegression(C=strength, max_iter=MAX_ITERATIONS), photos)


def _linear_svm(photos: LabelledPhotos, strength: float) -> Head:
    from sklearn.svm import LinearSVC

    return _linear(LinearSVC(C=strength, max_iter=MAX_ITERATIONS, random_state=0), photos)


def _nearest_centroid(photos: LabelledPhotos, setting: float) -> Head:
    """Of the squared distance |x - c|^2, 2 c x - |c|^2 is all that differs between classes, with the sign changed."""
    from sklearn.neighbors import NearestCentroid

    return _linear(NearestCentroid(), photos)


def _nearest_neighbors(photos: LabelledPhotos, neighbors: float) -> Head:
    return NeighborsHead(photos, int(neighbors))


METHODS: dict[HeadKind, Method] = {
    "logistic_regression": Method(STRENGTHS, _logistic_regression),
    "linear_svm": Method(SVM_STRENGTHS, _linear_svm),
    "nearest_neighbors": Method(NEIGHBORS, _nearest_neighbors),
    "nearest_centroid": Method((0.0,), _nearest_centroid),
}


def _linear(estimator: Any, photos: LabelledPhotos) -> LinearHead:
    """The head that gives for features as they are what a linear estimator gives for scaled ones: of mean 0 and mean
    squared length 1, so that a strength means the same for every network.
    """
    mean = photos.features.mean(axis=0, dtype=np.float64)
    centred = photos.features - mean.astype(np.float32)
    length = max(float(np.sqrt(np.square(centred).sum(axis=1).mean())), float(np.finfo(np.float32).tiny))
    present = np.unique(photos.labels)
    weight, bias = np.zeros((len(present), len(mean))), np.zeros(len(present))
    if len(present) > 1:
        with warnings.catch_warnings():
            # Not converged: a weak penalty on photos that lie apart never does. A channel that is the same everywhere.
            warnings.simplefilter("ignore", UserWarning)
            estimator.fit(centred / np.float32(length), photos.labels)
        weight, bias = _weights_of(estimator)
    return _for_all_classes(weight / length, bias - weight / length @ mean, present, photos.classes)


def _weights_of(estimator: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weight [classes, channels] and bias [classes] of a fitted estimator."""
    if hasattr(estimator, "centroids_"):
        return 2 * estimator.centroids_, -np.square(estimator.centroids_).sum(axis=1)
    weight, bias = estimator.coef_, estimator.intercept_
    if len(weight) == 1:  # two classes share one score: it speaks for the second and against the first
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight, bias


def _for_all_classes(weight: np.ndarray, bias: np.ndarray, present: np.ndarray, classes: int) -> LinearHead:
    """The head of all classes from that of the present ones."""
    weights, absent = np.tile(weight.mean(axis=0), (classes, 1)), np.ones(classes, bool)
    biases = np.full(classes, bias.mean() - ABSENT)
    weights[present], biases[present], absent[present] = weight, bias, False
    return LinearHead(weights.astype(np.float32), biases.astype(np.float32), absent)
