"""What a plan will run into is said before it is started, naming the class, the stage or the number."""

import copy

import pytest

from core.plans import check_plan, make_plan, set_rate
from core.tasks import MISSING
from tests.fixtures.plans import make_dataset


def said(plan, dataset, card, stages, level: str) -> str:
    return " | ".join(a.sentence for a in check_plan(plan, dataset, card, stages) if a.level == level)


def test_a_good_plan_has_nothing_to_stop_it_or_to_look_at(dataset, card, stages):
    levels = {a.level for a in check_plan(make_plan(dataset, card, stages, "top"), dataset, card, stages)}
    assert levels == {"ok"}


def test_photos_that_judge_without_a_label_stop_the_plan(dataset, card, stages):
    blind = copy.deepcopy(dataset)
    blind.table.loc[blind.indices("validation"), "label:species"] = MISSING
    assert "No photo that judges is labelled" in said(make_plan(blind, card, stages), blind, card, stages, "stop")


def test_one_class_alone_stops_the_plan(card, stages):
    one = make_dataset({"oak": 50, "birch": 0})
    assert "at least two classes; there is oak" in said(make_plan(one, card, stages), one, card, stages, "stop")


def test_no_validation_photo_stops_the_plan(card, stages):
    none = make_dataset({"oak": 50, "birch": 50}, validation=0)
    assert "set aside for validation" in said(make_plan(none, card, stages), none, card, stages, "stop")


def test_a_class_with_three_photos_is_named(card, stages):
    few = make_dataset({"oak": 100, "birch": 3})
    assert "birch has 3 photos to learn from" in said(make_plan(few, card, stages), few, card, stages, "warning")


def test_a_rate_too_high_for_a_pretrained_stage_names_the_stage(dataset, card, stages):
    plan = set_rate(make_plan(dataset, card, stages), 0, 2, 0.01)
    assert "A rate of 0.01 is high for stage 2" in said(plan, dataset, card, stages, "warning")


def test_the_same_rate_from_scratch_is_no_matter(dataset, card, stages):
    plan = set_rate(make_plan(dataset, card, stages, "scratch"), 0, 2, 0.01)
    assert "is high for stage 2" not in said(plan, dataset, card, stages, "warning")


def test_a_batch_larger_than_the_training_set_is_said(dataset, card, stages):
    plan = make_plan(dataset, card, stages).model_copy(update={"batch_size": 500})
    assert "A batch of 500 is larger than the 200 photos" in said(plan, dataset, card, stages, "warning")


def test_another_backbones_rates_stop_the_plan(dataset, card, stages):
    assert "has 4: choose a recipe anew" in said(make_plan(dataset, card, stages), dataset, card, stages[:4], "stop")


def test_nothing_that_learns_stops_the_plan(dataset, card, stages):
    assert "Nothing learns" in said(
        set_rate(make_plan(dataset, card, stages), 0, 5, 0.0), dataset, card, stages, "stop"
    )


@pytest.mark.parametrize(("rate", "words"), [(0.5, "is high for the head"), (1e-6, "is very low for a new head")])
def test_a_head_rate_out_of_the_ordinary_is_said(dataset, card, stages, rate: float, words: str):
    assert words in said(set_rate(make_plan(dataset, card, stages), 0, 5, rate), dataset, card, stages, "warning")


def test_what_stops_the_plan_comes_first(card, stages):
    bad = make_dataset({"oak": 3, "birch": 0}, validation=0)
    levels = [a.level for a in check_plan(make_plan(bad, card, stages), bad, card, stages)]
    assert levels == sorted(levels, key=["stop", "warning", "ok"].index)
    assert levels[0] == "stop"


def test_a_soup_and_stochastic_depth_that_can_do_nothing_are_named(dataset, card, stages):
    plan = make_plan(dataset, card, stages).model_copy(update={"soup": 3, "drop_path": 0.1})
    sentences = [check.sentence for check in check_plan(plan, dataset, card, stages)]
    assert "A fitted head is the best one already: a soup of its epochs is no better." in sentences
    assert "Only the head learns, and stochastic depth leaves out parts before it: free a stage." in sentences
