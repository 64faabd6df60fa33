"""What differs between plans is said in words, and nothing that differs is left out."""

import json

import pytest

from core.plans import Plan, PlanNames, change, checked, differences, set_phase, set_rate, set_target, set_teacher
from core.plans.plan import BackboneChoice, DatasetChoice, Teacher


def found(*plans: Plan, names: PlanNames | None = None) -> dict[str, tuple[str, ...]]:
    return {each.title: each.values for each in differences(plans, names)}


CHANGES = [
    "tasks=[\"colour\"]", "backbone.name=resnet50", "backbone.weights=random", "head.dropout=0.2",
    "phases.0.name=first", "phases.0.epochs=3", "phases.0.stage_rates.0=0.001", "phases.0.head_rate=0.5",
    "phases.0.schedule=linear", "phases.0.warmup_epochs=2", "phases.0.start_image_size=32",
    "objectives.0.weight=2", "objectives.0.label_smoothing=0.1", "objectives.0.balance_classes=true",
    "augmentation.flip=false", "augmentation.flip_vertical=true", "augmentation.crop=0.5", "augmentation.rotate=5",
    "augmentation.colour=0.4", "augmentation.erase=0.2", "augmentation.trivial_augment=0.3",
    "augmentation.cached_views=4", "augmentation.mixup=0.1", "augmentation.cutmix=0.1", "optimizer.kind=sgd",
    "optimizer.weight_decay=0.2", "optimizer.momentum=0.5", "optimizer.clip_norm=1", "optimizer.ema_decay=0.9",
    "batch_size=16", "sampling=balanced", "soup=3", "drop_path=0.1", "image_size=96", "seed=7", "precision=bf16",
    "repeatable=true", "datasets.0.version=2",
]  # fmt: skip


@pytest.mark.parametrize("assignment", CHANGES)
def test_whatever_a_plan_decides_is_a_difference(recipe_plan, assignment: str):
    plan = recipe_plan("top")
    assert len(found(plan, change(plan, assignment))) >= 1


def test_every_field_of_a_plan_is_tried_above(recipe_plan):
    def leaves(value: object, path: str) -> set[str]:
        if isinstance(value, dict):
            return {leaf for name, child in value.items() for leaf in leaves(child, f"{path}.{name}")}
        if isinstance(value, list):
            return {leaf for child in value for leaf in leaves(child, path)}
        return {path}

    fields = leaves(json.loads(recipe_plan("top").model_dump_json()), "")
    tried = {"." + ".".join(part for part in each.split("=")[0].split(".") if not part.isdecimal()) for each in CHANGES}
    tested_below = {".phases.solver", ".head.kind", ".device", ".datasets.id", ".datasets.role", ".backbone.file"}
    tested_below |= {".objectives.kind", ".objectives.learn_task_weights"}  # tests/plans/test_multi_task.py
    assert fields - tried - tested_below == {".teacher", ".early_stopping", ".adaptive_batch_norm"}


def test_a_head_that_is_fitted_has_no_rate(recipe_plan):
    plan = recipe_plan("feature-extraction")
    assert found(plan, change(plan, "phases.0.solver=optimizer")) == {"Rate of the head": ("fitted", "0.003")}


def test_a_simple_head_is_named(recipe_plan):
    plan = recipe_plan("feature-extraction")
    simple = change(plan, "head.kind=nearest_centroid")
    assert found(plan, simple) == {"Head": ("linear", "class means"), "Epochs": ("20", "1")}


def test_a_dataset_a_file_a_teacher_and_early_stopping_are_differences(recipe_plan):
    plan = recipe_plan("top")
    other = plan.model_copy(update={"datasets": (DatasetChoice(id="shoes", version=1),)})
    assert found(plan, other)["Photos"][1] == "shoes, version 1"
    files = [plan.model_copy(update={"backbone": BackboneChoice(name="a", weights="file", file=file)}) for file in "xy"]
    assert found(*files) == {"Model": ("a, weights of x", "a, weights of y")}
    distilled = set_teacher(plan, Teacher(run="abcd"))
    more = distilled.model_copy(update={"teacher": Teacher(run="abcd", views=9)})
    assert found(plan, distilled)["Teacher"] == ("nobody", "abcd")
    assert found(distilled, more) == {"Views of a photo": ("4", "9")}
    assert found(plan, change(plan, 'early_stopping={"patience": 4}')) == {"Early stop": ("off", "after 4 epochs")}


def test_a_target_its_method_and_adaptive_batch_norm_are_differences(recipe_plan):
    plan = recipe_plan("top")
    adapted = set_target(plan, "shoes", 2)
    differing = found(plan, adapted)
    assert differing["Adapted to"] == ("no other photos", "shoes, version 2")
    assert set(differing) == {"Adapted to", "What is made small"}
    assert set(found(adapted, set_target(plan, "shoes", 2, "coral"))) == {"What is made small"}
    with_statistics = change(adapted, "adaptive_batch_norm=true")
    assert found(adapted, with_statistics) == {"Statistics of the photos adapted to": ("no", "yes")}


def test_what_learns_is_said_in_words(recipe_plan):
    recipes = ["feature-extraction", "top", "head-first", "scratch"]
    assert found(*map(recipe_plan, recipes))["What learns"] == (
        "only the head", "the head and the last stage of 5", "first only the head, then everything", "everything",
    )  # fmt: skip
    plan = recipe_plan("top")
    odd = set_rate(set_rate(plan, 0, 0, 1e-4), 0, 4, 0)
    assert found(plan, odd)["What learns"][1] == "the head and part 1 of 5"
    assert found(plan, set_rate(plan, 0, 3, 1e-5))["Rates of the stages"] == (
        "0, 0, 0, 0, 0.0001", "0, 0, 0, 1e-05, 0.0001",
    )  # fmt: skip


def test_of_several_phases_those_that_are_alike_are_said_once(recipe_plan):
    plan = recipe_plan("head-first")
    longer = checked(set_phase(plan, 1, epochs=9))
    assert found(plan, longer) == {"Epochs": ("20 + 7", "20 + 9")}


def test_equal_plans_do_not_differ_whatever_they_are_computed_on(recipe_plan):
    plan = recipe_plan("gradual")
    assert differences([plan, change(plan, "device=cpu")]) == []


def test_what_follows_from_another_model_stands_apart(recipe_plan, stages):
    names = PlanNames(model={"small": "Small", "large": "Large"}.__getitem__, own_size={"small": 64, "large": 224}.get)
    small, large = recipe_plan("top", "small"), recipe_plan("top", "large", stages[:4], size=224)
    own = [(each.title, each.follows) for each in differences([small, large], names)]
    assert own == [("Model", False), ("What learns", True), ("Rates of the stages", True), ("Photo size", True)]
    chosen = set_rate(large, 0, 3, 5e-4)
    own = [(each.title, each.follows) for each in differences([small, chosen], names)]
    assert ("Rates of the stages", False) in own
    assert ("Photo size", False) in [
        (each.title, each.follows) for each in differences([small, change(large, "image_size=96")], names)
    ]
