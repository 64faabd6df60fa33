from tests.fixtures.plans import card, dataset, recipe_plan, stages

__all__ = ["card", "dataset", "recipe_plan", "stages"]
