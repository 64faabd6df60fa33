"""The benchmark of recipes: gains are over the head alone on the same draw."""

from benchmarks.recipes import Outcome, table_rows


def test_a_gain_is_that_over_the_head_alone_on_the_same_draw():
    figures = {0: (70.0, 72.0, 71.0), 1: (60.0, 58.0, 65.0), 2: (50.0,)}  # the last draw is not done yet
    recipes = ("feature-extraction", "top", "head-first")
    outcomes = [
        Outcome("lite", "clothing", 10, draw, recipe, accuracy)
        for draw, accuracies in figures.items()
        for recipe, accuracy in zip(recipes, accuracies, strict=False)
    ]
    assert table_rows(outcomes) == [("lite", "clothing", 10, 65.0, 65.0, "+0.0 ± 2.8", 68.0, "+3.0 ± 2.8")]
