"""The benchmark of labelling: when an order of photos has come far enough."""

from benchmarks.label_next import NEXT, labels_for, row_of
from core.training import COUNT


def test_labels_are_counted_until_two_rounds_are_good_enough():
    assert labels_for([0.2, 0.6, 0.4, 0.6, 0.7], 0.5) == 4 * COUNT
    assert labels_for([0.2, 0.3], 0.5) == 2 * COUNT, "never: all it had"
    assert row_of(NEXT, [[0.6, 0.6], [0.2, 0.6, 0.6]], 0.5) == (NEXT, "30", "20, 40", "60.0")
