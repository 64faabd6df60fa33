"""A new head on kept features, cross-validated: against the same sums done by hand."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from core.evaluation.trial import FILE, FOLDS, Trial, load_trials, save_trials, try_features

CLASSES = 3


def blobs(per_class: int, spread: float, channels: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features around a centre for each class, and labels."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.normal(size=(CLASSES, channels))
    labels = np.repeat(np.arange(CLASSES), per_class)
    return centres[labels] + spread * rng.normal(size=(len(labels), channels)), labels


def test_each_photo_is_judged_once_by_a_head_that_never_saw_it():
    features, labels = blobs(20, spread=4.0)
    groups = np.arange(len(labels))
    right = 0
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for learned, judged in folds.split(features, labels, groups):
        mean, scale = features[learned].mean(axis=0), features[learned].std(axis=0)
        head = LogisticRegression(C=1 / 8, max_iter=200).fit((features[learned] - mean) / scale, labels[learned])
        logits = (features[judged] - mean) / scale @ head.coef_.T + head.intercept_
        right += (logits.argmax(axis=1) == labels[judged]).sum()
    order = [f"{number:03}" for number in groups]  # words, as groups are; in this order they are numbered alike
    found = try_features(features, labels, order)
    assert (found.photos, found.right) == (60, right)
    assert 0 < found.right < 60


def test_photos_of_one_group_never_learn_and_judge():
    """Features say the group and nothing of the class: only who saw a photo's group could name it right."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 4)
    labels = np.repeat(rng.permutation(np.arange(60) % 2), 4)
    features = rng.normal(size=(60, 100))[groups]
    kept = try_features(features, labels, groups)
    torn = try_features(features, labels, np.arange(240))
    assert torn.accuracy.low > 0.8
    assert kept.accuracy.low < 0.5 < kept.accuracy.high + 0.1


def test_photos_that_are_easy_need_no_more_of_them_and_hard_ones_do():
    easy = try_features(*blobs(40, spread=0.1), range(120))
    assert (easy.right, easy.gain, easy.more_photos_help) == (120, 0.0, False)
    features, labels = blobs(60, spread=14.0, channels=60)
    hard = try_features(features, labels, range(180))
    assert hard.gain > 0.05
    assert hard.more_photos_help


def test_a_gain_has_the_paired_margin_of_its_photos():
    features, labels = blobs(30, spread=4.0)
    found = try_features(features, labels, range(90))
    assert 0 <= found.gain_error <= np.sqrt(1 / 89)
    assert not Trial(90, 60, 2.0 * found.gain_error, found.gain_error).more_photos_help


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        ([0] * 20, range(20)),  # one class
        ([0] * 20 + [1] * 3, range(23)),  # a class with too few photos
        ([0, 1] * 20, [number % 2 for number in range(40)]),  # each class one group
        ([0, 1] * 501, range(1002)),  # validation photos are enough
    ],
)
def test_nothing_is_said_where_folds_would_say_nothing(labels, groups):
    rng = np.random.default_rng(0)
    assert try_features(rng.normal(size=(len(labels), 4)), np.array(labels), groups) is None


def test_trials_are_read_as_they_were_written_and_a_damaged_file_is_none(tmp_path):
    trials = {"class": Trial(60, 50, 0.02, 0.01)}
    save_trials(tmp_path, trials)
    assert load_trials(tmp_path) == trials
    for damaged in (b"", b"[]", b'{"class": {"photos": 1}}', b'{"class": 3}'):
        (tmp_path / FILE).write_bytes(damaged)
        assert load_trials(tmp_path) == {}
    (tmp_path / FILE).unlink()
    assert load_trials(tmp_path) == {}
