"""A simple head needs a plan of its own: one epoch on a frozen network, and nothing that takes steps."""

import pytest

from core.errors import BadPlan
from core.objectives import CrossEntropy
from core.plans import (
    HEAD_KINDS,
    SIMPLE_HEADS,
    Augmentation,
    BackboneChoice,
    DatasetChoice,
    Teacher,
    change,
    checked,
    fits_heads,
    recipe_of,
    set_teacher,
    take_head,
    with_recipe,
)

TARGET = DatasetChoice(id="d2", version=1, role="target")


@pytest.mark.parametrize("kind", SIMPLE_HEADS)
def test_a_head_that_is_taken_learns_alone_in_one_epoch(recipe_plan, kind):
    plan = recipe_plan("gradual")
    teacher = Teacher(backbone=BackboneChoice(name="resnet18.a1_in1k"))
    plan = set_teacher(plan.model_copy(update={"image_size": 96, "sampling": "balanced"}), teacher)
    taken = take_head(plan, kind)
    assert (taken.head.kind, taken.epochs, recipe_of(taken)) == (kind, 1, "feature-extraction")
    assert fits_heads(taken, taken.phases[0])
    assert (taken.teacher, taken.objectives, taken.image_size) == (None, (CrossEntropy(),), 96)
    assert take_head(taken, "linear") == take_head(plan, "linear")
    assert take_head(taken, "linear").epochs == recipe_plan("feature-extraction").epochs


def test_plans_of_before_have_the_hash_that_they_had(recipe_plan):
    plan = recipe_plan("top")
    assert '"kind":"linear"' not in plan.model_dump_json(exclude_defaults=True)
    assert take_head(plan, "linear") == recipe_plan("feature-extraction")


def test_a_recipe_brings_the_linear_head_back(recipe_plan):
    taken = take_head(recipe_plan("feature-extraction"), "nearest_centroid")
    for recipe in ("feature-extraction", "top"):
        assert checked(with_recipe(taken, recipe, 5)) == recipe_plan(recipe)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"head": {"dropout": 0.2}}, "takes no steps in which features could be dropped: set dropout to 0"),
        ({"augmentation": Augmentation(mixup=0.5)}, "turn mixup and cutmix off"),
        ({"optimizer": {"ema_decay": 0.9}}, "turn the average of the weights off"),
        ({"sampling": "balanced"}, "looks at all photos at once"),
        ({"objectives": (CrossEntropy(label_smoothing=0.1),)}, "keep to the plain cross-entropy"),
        ({"phases": {"epochs": 2}}, "give it one phase of one epoch"),
        ({"phases": {"solver": "optimizer"}}, "has no rate"),
        ({"phases": {"head_rate": 0.0}}, "give it any rate above 0"),
        ({"phases": {"stage_rates": (0, 0, 0, 0, 1e-4)}}, "needs a frozen network: freeze every stage, or choose"),
    ],
)
def test_what_does_not_go_with_it_is_refused_with_what_to_do(recipe_plan, changes, sentence):
    plan = take_head(recipe_plan("feature-extraction"), "nearest_neighbors")
    for field, value in changes.items():
        whole = getattr(plan, field)
        if field == "phases":
            value = (whole[0].model_copy(update=value),)
        elif isinstance(value, dict):
            value = whole.model_copy(update=value)
        plan = plan.model_copy(update={field: value})
    with pytest.raises(BadPlan, match=sentence) as refused:
        checked(plan)
    assert 'the head "nearest neighbours"' in refused.value.sentence.lower()


def test_the_command_line_sets_it_as_one_field(recipe_plan):
    plan = recipe_plan("feature-extraction")
    simple = change(plan, "head.kind=linear_svm")
    assert (simple.head.kind, simple.epochs) == ("linear_svm", 1)
    assert change(simple, "head.kind=nearest_centroid").epochs == 1
    assert change(simple, "head.kind=linear") == plan
    for assignment, sentence in (
        ("head.kind=forest", f"one of {', '.join(HEAD_KINDS)}"),
        ("head_rate=0.1", "has no rate"),
        ("epochs=3", "one epoch"),
    ):
        with pytest.raises(BadPlan, match=sentence):
            change(simple, assignment)
    with pytest.raises(BadPlan, match="needs a frozen network"):
        change(recipe_plan("top"), "head.kind=linear_svm")
