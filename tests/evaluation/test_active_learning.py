"""Photos to label next are unsure ones, and not all of one kind."""

import numpy as np
import pytest

from core.evaluation import answer_margins, most_instructive


def test_the_margin_is_the_best_answer_less_the_second():
    assert answer_margins(np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]])) == pytest.approx([0.3, 0.0])


def test_unsure_photos_are_chosen_from_every_cluster():
    rng = np.random.default_rng(0)
    centres = 20 * np.eye(4, 8)
    cluster = np.repeat(np.arange(5), [60, 20, 20, 20, 300])  # the last lies everywhere, and is sure
    features = np.where((cluster < 4)[:, None], centres[np.minimum(cluster, 3)], 0) + rng.normal(size=(420, 8))
    best = np.where(cluster < 4, 0.55, 0.99) + rng.uniform(0, 0.005, 420)
    chosen = most_instructive(features.astype(np.float32), np.stack([best, 1 - best], axis=1), 12)
    assert len(set(chosen.tolist())) == 12
    assert set(cluster[chosen].tolist()) == {0, 1, 2, 3}
    assert np.all(np.diff(best[chosen]) >= 0), "the most unsure first"


def test_copies_are_asked_about_once_and_few_photos_all_at_once():
    features = np.float32([[0, 0], [0, 0], [1, 0], [0, 1]])
    probabilities = np.array([[0.5, 0.5], [0.51, 0.49], [0.6, 0.4], [0.7, 0.3]])
    assert sorted(most_instructive(features, probabilities, 2).tolist())[0] == 0
    assert most_instructive(features, probabilities, 9).tolist() == [0, 1, 2, 3]
