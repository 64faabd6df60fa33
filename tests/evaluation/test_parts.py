"""Which part wants to learn, in figures and words."""

import numpy as np
import pytest

from core.evaluation.parts import PartTried, best_part, paired_gain, parts_in_words
from core.tasks import margin

HEAD = PartTried(None, "head alone", 0.5, margin(40, 60))
RIGHT = margin(50, 60)


def test_the_gain_is_the_mean_difference_photo_by_photo_with_its_standard_error():
    rng = np.random.default_rng(0)
    head, part = (rng.random(50).astype(np.float32) for _ in range(2))
    gain, error = paired_gain({"kind": head}, {"kind": part})
    difference = head.astype(np.float64) - part
    assert gain == pytest.approx(difference.mean())
    assert error == pytest.approx(difference.std(ddof=1) / np.sqrt(50))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([HEAD], "No part was tried to its end."),
        ([HEAD, PartTried(1, "stage 1", 0.6, RIGHT)], "The head alone was best by validation loss"),
        (
            [HEAD, PartTried(1, "stage 1", 0.3, RIGHT, 0.2, 0.05)],
            "Stage 1 wants to learn: its validation loss is 0.300, by 0.200",
        ),
        (
            [HEAD, PartTried(0, "stem", 0.4, RIGHT, 0.1, 0.08)],
            "Stem was best: its validation loss is 0.400, by 0.100 ± 0.157",
        ),
    ],
)
def test_it_says_which_and_whether_that_may_be_chance(parts: list[PartTried], words: str):
    assert parts_in_words(parts).startswith(words)
    assert ("may be chance" in parts_in_words(parts)) == ("was best: " in words)
    assert best_part(parts) == min(parts, key=lambda each: each.loss)
