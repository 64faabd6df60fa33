"""Plans of several tasks: how they are balanced, and what makes no sense is refused in words."""

import json
from dataclasses import replace

import pytest

from core.errors import BadPlan
from core.objectives import CrossEntropy
from core.plans import (
    balance_in_words,
    balance_of,
    change,
    check_plan,
    differences,
    parse_plan,
    plan_alone,
    set_balance,
    set_task_weight,
    set_tasks,
)
from tests.fixtures.engine import make_plan

BOTH = make_plan(tasks=("species", "health"))


def test_a_plan_that_weighs_nothing_has_the_hash_that_it_had():
    fields = json.loads(BOTH.model_dump_json())
    for each in fields["objectives"]:
        del each["task_weights"], each["learn_task_weights"]
    before = parse_plan(json.dumps(fields))
    assert before.hash == BOTH.hash
    assert "task_weights" not in BOTH.model_dump_json(exclude_defaults=True)


def test_weights_are_an_object_in_a_file_and_their_order_is_no_difference():
    one = change(BOTH, 'objectives.0.task_weights={"species": 2, "health": 0.5}')
    other = change(BOTH, 'objectives.0.task_weights={"health": 0.5, "species": 2}')
    assert one == other
    assert one.hash == other.hash
    assert json.loads(one.model_dump_json())["objectives"][0]["task_weights"] == {"health": 0.5, "species": 2.0}
    assert {one: balance_in_words(one)}[other] == "health 0.5, species 2"


def test_balance_is_set_changed_and_taken_back():
    learned = set_balance(BOTH, "learned")
    assert learned.objectives[0] == CrossEntropy(learn_task_weights=True)
    by_hand = set_task_weight(set_balance(learned, "by hand"), "health", 0.3)
    assert (balance_of(by_hand), balance_in_words(by_hand)) == ("by hand", "health 0.3, species 1")
    assert set_balance(by_hand, "alike") == BOTH
    assert set_tasks(by_hand, ["species"]) == make_plan()
    assert set_tasks(learned, ["species", "health"]) == learned


def test_each_task_alone_is_the_same_plan_without_a_balance():
    assert plan_alone(set_balance(BOTH, "learned"), "species") == make_plan()
    [tasks, balance] = differences([BOTH, make_plan()])
    assert (tasks.title, balance.values) == ("What it tells", ("alike", "it is alone"))


@pytest.mark.parametrize(
    ("tasks", "objective", "sentence"),
    [
        (("species",), CrossEntropy(learn_task_weights=True), "nothing to be weighed against: learn several together"),
        (("species", "health"), CrossEntropy(learn_task_weights=True, task_weights={"health": 2}), "choose one"),
        (("species", "health"), CrossEntropy(task_weights={"age": 2}), 'a weight is set for "age", which is not'),
        (("species", "health"), CrossEntropy(task_weights={"species": 0, "health": 0}), "so nothing is learned"),
    ],
)
def test_what_makes_no_sense_is_refused(tasks: tuple[str, ...], objective: CrossEntropy, sentence: str):
    fields = json.loads(BOTH.model_dump_json()) | {
        "tasks": tasks,
        "objectives": [json.loads(objective.model_dump_json())],
    }
    with pytest.raises(BadPlan, match=sentence):
        parse_plan(json.dumps(fields))


def test_several_tasks_of_photos_with_one_column_are_stopped(dataset, card, stages, recipe_plan):
    plan = recipe_plan("top").model_copy(update={"tasks": ("species", "health")})
    [stop] = [each.sentence for each in check_plan(plan, dataset, card, stages) if each.level == "stop"]
    assert stop == (
        'The photos have no label column "health"; they have "species". '
        "Several labels are learned together only from photos that have them all as columns."
    )


def test_heads_alone_share_nothing_that_could_be_balanced(dataset, card, stages, recipe_plan):
    task = dataset.tasks[0]
    of_two = replace(dataset, tasks=(task, replace(task, name="health")))
    of_two.table["label:health"] = of_two.table["label:species"]
    for recipe, warned in (("feature-extraction", True), ("top", False)):
        plan = set_balance(recipe_plan(recipe).model_copy(update={"tasks": ("species", "health")}), "learned")
        said = [each.sentence for each in check_plan(plan, of_two, card, stages) if each.level == "warning"]
        assert any("there is nothing to balance" in sentence for sentence in said) == warned
