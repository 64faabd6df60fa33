"""Simple heads: scikit-learn's, their softmax calibrated, judged on photos that they did not learn from."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.svm import LinearSVC

from core.evaluation import LabelledPhotos, cross_validate, fit_head, simple_heads, usual_choice
from core.evaluation.simple_heads import ABSENT, METHODS, Choice, best_scale, softmax


def blobs(per_class: int = 20, spread: float = 2.0, classes: int = 3, channels: int = 6, seed: int = 0):
    """Photos whose features lie around a centre for each class, far from 0 and of another scale."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(classes), per_class)
    centres = 3 * rng.normal(size=(classes, channels))
    features = 7 + 4 * (centres[labels] + spread * rng.normal(size=(len(labels), channels)))
    return LabelledPhotos(features.astype(np.float32), labels, classes, np.arange(len(labels)).astype(str))


def scaled(features: np.ndarray) -> np.ndarray:
    centred = features - features.mean(axis=0)
    return centred / np.sqrt(np.square(centred).sum(axis=1).mean())


def cross_validated(kind: str, photos: LabelledPhotos, seed: int = 0):
    validating = cross_validate(kind, photos, seed)
    while True:
        try:
            next(validating)
        except StopIteration as found:
            return found.value


@pytest.mark.parametrize(
    ("kind", "estimator"),
    [("logistic_regression", LogisticRegression(C=10.0, max_iter=1_000)), ("linear_svm", LinearSVC(C=10.0))],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_linear_head_scores_as_scikit_learn_on_scaled_features(kind, estimator, classes):
    photos = blobs(classes=classes)
    wanted = estimator.fit(scaled(photos.features), photos.labels).decision_function(scaled(photos.features))
    found = fit_head(kind, photos, Choice(10.0, scale=2.5)).scores(photos.features)
    if classes == 2:  # one score speaks for the second class, and against the first
        wanted = np.stack([-wanted, wanted], axis=1) / 2
    np.testing.assert_allclose(found, 2.5 * wanted, atol=0.02)


def test_the_nearest_class_mean_is_a_linear_layer():
    photos = blobs(spread=5.0)
    found = fit_head("nearest_centroid", photos, Choice(0.0)).scores(photos.features)
    means = np.stack([scaled(photos.features)[photos.labels == label].mean(axis=0) for label in range(3)])
    distances = np.square(scaled(photos.features)[:, None] - means).sum(axis=2)
    np.testing.assert_allclose(found - found[:, :1], distances[:, :1] - distances, atol=1e-4)
    wanted = NearestCentroid().fit(photos.features, photos.labels).predict(photos.features)
    np.testing.assert_array_equal(found.argmax(axis=1), wanted)


def test_the_nearest_photos_vote_by_one_over_their_distance():
    photos, new = blobs(per_class=3), blobs(per_class=1, seed=5).features
    unit, asked = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (photos.features, new))
    found = fit_head("nearest_neighbors", photos, Choice(4, scale=1.5)).scores(new)
    for row, features in enumerate(asked):
        distances = np.linalg.norm(unit - features, axis=1)
        nearest = np.argsort(distances)[:4]
        votes = np.bincount(photos.labels[nearest], 1 / distances[nearest], minlength=3)
        shares = (4 * votes / votes.sum() + 1 / 3) / 5
        np.testing.assert_allclose(found[row], 1.5 * np.log(shares), rtol=1e-3)


@pytest.mark.parametrize("kind", METHODS)
def test_a_class_without_a_photo_is_possible_and_never_the_answer(kind):
    photos = blobs()
    without = photos.take(np.flatnonzero(photos.labels != 1))
    for scale in (0.1, 50.0):
        scores = fit_head(
            kind, without, Choice(METHODS[kind].settings[1 if len(METHODS[kind].settings) > 1 else 0], scale)
        )
        scores = scores.scores(photos.features)
        assert np.isfinite(scores).all()
        assert not (scores.argmax(axis=1) == 1).any()
        if kind != "nearest_neighbors":
            np.testing.assert_allclose(scores[:, [0, 2]].mean(axis=1) - scores[:, 1], ABSENT, rtol=1e-3)
    alone = photos.take(np.flatnonzero(photos.labels == 2))
    assert (fit_head(kind, alone, usual_choice(kind, alone)).scores(photos.features).argmax(axis=1) == 2).all()


def test_the_scale_is_the_one_of_the_lowest_loss():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=400)
    logits = 1.2 * rng.normal(size=(400, 3)) + 2 * np.eye(3)[labels]
    scale, loss = best_scale(logits / 7, labels)
    aimed = (np.eye(3)[labels] * 400 + 1) / 403

    def loss_at(scale: float) -> float:
        return -(aimed * np.log(softmax(scale * logits / 7))).sum(axis=1).mean()

    assert loss == pytest.approx(loss_at(scale), abs=1e-6)
    assert loss <= min(loss_at(each) for each in np.geomspace(0.01, 100, 300)) + 1e-5
    always_right, _ = best_scale(10 * np.eye(3)[labels], labels)
    assert 0.1 < always_right < 10


@pytest.mark.parametrize("kind", METHODS)
def test_answers_are_as_sure_as_they_are_right(kind):
    photos = blobs(per_class=80, spread=4.0)
    found = cross_validated(kind, photos)
    assert found.probabilities.shape == (240, 3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    accuracy = (found.probabilities.argmax(axis=1) == photos.labels).mean()
    assert 0.5 < accuracy < 0.95
    assert found.probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.06)
    np.testing.assert_array_equal(cross_validated(kind, photos).probabilities, found.probabilities)


def test_no_answer_comes_from_a_head_that_saw_the_photos_group():
    """Features say the group and nothing of the class: only who saw a photo's group could name it right."""
    rng = np.random.default_rng(0)
    groups, labels = np.repeat(np.arange(80), 3), np.repeat(rng.permutation(np.arange(80) % 2), 3)
    features = rng.normal(size=(80, 60)).astype(np.float32)[groups]
    photos = LabelledPhotos(features, labels, 2, groups.astype(str))
    torn = LabelledPhotos(features, labels, 2, np.arange(240).astype(str))
    for kind in METHODS:
        accuracy = [(cross_validated(kind, p).probabilities.argmax(axis=1) == labels).mean() for p in (photos, torn)]
        assert accuracy[0] < 0.65 < accuracy[1]


def test_photos_without_folds_are_told_from_and_many_choose_by_some(monkeypatch):
    one_group = LabelledPhotos(*(getattr(blobs(), name) for name in ("features", "labels", "classes")), np.zeros(60))
    assert cross_validated("linear_svm", one_group) is None
    class_by_class = LabelledPhotos(one_group.features, one_group.labels, 3, one_group.labels.astype(str))
    assert cross_validated("nearest_centroid", class_by_class) is None
    assert usual_choice("nearest_neighbors", one_group.take(np.arange(4))).setting <= 4
    monkeypatch.setattr(simple_heads, "CHOICE_LIMIT", 30)
    fitted = list(cross_validate("logistic_regression", blobs(), 0))
    assert (fitted[24], fitted[-1], len(fitted)) == ((25, 25), (5, 5), 30)
