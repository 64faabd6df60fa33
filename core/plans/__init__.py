"""All that decides a run: the plan, recipes that fill it in, small changes, advice in words, what it will cost."""

from core.plans.advice import Advice, warnings
from core.plans.editing import change, checked, set_epochs, set_frozen, set_head_rate, set_rate
from core.plans.estimate import (
    Calibration,
    Estimate,
    estimate,
    head_parameters,
    in_words,
    keeps_activations,
    learning_parameters,
)
from core.plans.plan import (
    NO_AUGMENTATION,
    Augmentation,
    BackboneChoice,
    DatasetChoice,
    EarlyStopping,
    Head,
    Objective,
    Optimiser,
    Phase,
    Plan,
    Teacher,
    parse_plan,
    read_plan,
)
from core.plans.recipes import RECIPES, Recipe, make_plan, recipe_of, with_recipe
from core.plans.views import views_at, views_computed, views_in_words

__all__ = [
    "NO_AUGMENTATION",
    "RECIPES",
    "Advice",
    "Augmentation",
    "BackboneChoice",
    "Calibration",
    "DatasetChoice",
    "EarlyStopping",
    "Estimate",
    "Head",
    "Objective",
    "Optimiser",
    "Phase",
    "Plan",
    "Recipe",
    "Teacher",
    "change",
    "checked",
    "estimate",
    "head_parameters",
    "in_words",
    "keeps_activations",
    "learning_parameters",
    "make_plan",
    "parse_plan",
    "read_plan",
    "recipe_of",
    "set_epochs",
    "set_frozen",
    "set_head_rate",
    "set_rate",
    "views_at",
    "views_computed",
    "views_in_words",
    "warnings",
    "with_recipe",
]
