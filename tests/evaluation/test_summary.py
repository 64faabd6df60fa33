import numpy as np
import pytest

from core.tasks import headline, where_the_mistakes_are

CLOTHES = ("t-shirt", "longsleeve", "pants", "shoes", "shirt", "dress", "outwear", "shorts", "skirt", "hat")


def confusion(rows: list[dict[int, int]]) -> np.ndarray:
    counts = np.zeros((len(rows), len(rows)), np.int64)
    for true, row in enumerate(rows):
        for predicted, images in row.items():
            counts[true, predicted] = images
    return counts


@pytest.fixture
def wardrobe() -> np.ndarray:
    return confusion(
        [
            {0: 62, 1: 5, 4: 2},
            {0: 4, 1: 59, 4: 2},
            {1: 1, 2: 52, 4: 1},
            {3: 38, 6: 1},
            {0: 5, 1: 2, 4: 27},
            {0: 1, 3: 1, 5: 19, 9: 1},
            {3: 1, 6: 16, 8: 2, 9: 1},
            {3: 1, 5: 1, 7: 18},
            {3: 1, 4: 1, 7: 1, 8: 6},
            {9: 9},
        ]
    )


def test_the_best_and_the_worst_classes_are_named(wardrobe):
    assert headline(wardrobe, CLOTHES) == "Good at pants and shoes, unsure about skirt and shirt"


def test_three_classes_that_hold_most_mistakes_are_named(wardrobe):
    assert where_the_mistakes_are(wardrobe, CLOTHES) == (
        "Three of five mistakes are among t-shirt, longsleeve and shirt."
    )


def test_a_pair_that_holds_most_mistakes_is_named():
    counts = confusion([{0: 20, 1: 4}, {1: 20, 0: 4}, {2: 20, 0: 1}])
    assert where_the_mistakes_are(counts, "abc") == "Nine of ten mistakes are between a and b."


def test_a_share_that_no_simple_fraction_says_is_counted():
    counts = confusion([{0: 20, 1: 5}, {1: 20, 0: 1}, {2: 20, 3: 2}, {3: 20, 0: 3}])
    assert where_the_mistakes_are(counts, "abcd") == "6 of 11 mistakes are between a and b."


def test_of_two_classes_it_says_which_is_taken_for_which():
    counts = confusion([{0: 20, 1: 1}, {1: 13, 0: 7}])
    assert where_the_mistakes_are(counts, ("cat", "dog")) == (
        "8 mistakes on 41 photos: most often (7 times), dog taken for cat."
    )


def test_a_single_mistake_is_told_as_it_is():
    assert where_the_mistakes_are(confusion([{0: 5}, {1: 4, 0: 1}]), "ab") == "1 mistake on 10 photos: b taken for a."


def test_mistakes_that_have_nothing_in_common_are_called_so():
    counts = confusion([{0: 5, 1: 1}, {1: 5, 2: 1}, {2: 5, 0: 1}])
    assert where_the_mistakes_are(counts, "abc") == "3 mistakes on 18 photos, no two alike."


def test_no_mistake_does_not_mean_never_wrong():
    counts = confusion([{0: 15}, {1: 14}])
    assert headline(counts, "ab") == "Right on every photo"
    assert "up to 11.7 % could still be wrong" in where_the_mistakes_are(counts, "ab")


def test_a_model_that_says_one_thing_to_all_is_found_out():
    counts = confusion([{0: 20}, {0: 20}, {0: 19, 2: 1}])
    assert headline(counts, ("cat", "dog", "owl")) == "Says cat to almost everything"


def test_a_model_that_guesses_is_not_praised():
    assert headline(confusion([{0: 11, 1: 9}, {0: 10, 1: 10}]), "ab") == "Hardly better than guessing"


def test_much_of_one_class_is_no_achievement():
    counts = confusion([{0: 90, 1: 3}, {0: 6, 1: 4}])
    assert headline(counts, ("healthy", "spotted")) == "Hardly better than always saying healthy"


def test_equal_classes_are_not_domain_accuracy():
    assert headline(confusion([{0: 18, 1: 2}, {1: 18, 0: 2}]), "ab") == "About equally good at every class"


@pytest.mark.slow
def test_of_a_hundred_models_that_are_alike_at_every_class_five_are_told_otherwise_and_nearly_all_where_one_is_worse():
    draw = np.random.default_rng(0)
    alike = np.full((10, 10), 0.15 / 9) + np.diag(np.full(10, 0.85 - 0.15 / 9))
    worse = alike.copy()
    worse[9] = [0.06] * 9 + [0.46]
    worded_alike, worded_worse = (
        [headline(draw.multinomial(40, shares), CLOTHES) for _ in range(200)] for shares in (alike, worse)
    )
    assert sum("unsure about" in words or "Good at" in words for words in worded_alike) <= 16
    assert sum("unsure about" in words and "hat" in words for words in worded_worse) >= 180


def test_a_thousand_classes_are_summed_up():
    draw = np.random.default_rng(0)
    counts = draw.poisson(0.01, (1000, 1000)) + np.diag(np.full(1000, 40))
    assert headline(counts, [str(n) for n in range(1000)]) == "Unsure about most classes"
    mistakes = counts.sum() - np.trace(counts)
    assert where_the_mistakes_are(counts, [str(n) for n in range(1000)]).startswith(f"{mistakes:,} mistakes on ")
