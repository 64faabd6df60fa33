"""A teacher in a plan: it comes and goes with what looks at it, and stays as it was chosen."""

import pytest

from core.errors import BadPlan
from core.objectives import CrossEntropy, LogitDistillation
from core.plans import (
    BackboneChoice,
    Teacher,
    check_plan,
    make_plan,
    objective_of,
    parse_plan,
    set_objective,
    set_teacher,
    student_plan,
    with_teacher_of,
)

RUN, NETWORK = Teacher(run="ab12"), Teacher(backbone=BackboneChoice(name="resnet18"))


@pytest.fixture
def plan(dataset, card, stages):
    return make_plan(dataset, card, stages, "top")


def test_a_teacher_comes_with_the_runs_that_use_it_and_goes_with_them(plan):
    distilled = set_teacher(plan, RUN)
    assert {each.kind for each in distilled.objectives} == {
        "cross_entropy",
        "logit_distillation",
        "feature_distillation",
    }
    assert set_teacher(distilled, None) == plan


def test_another_teacher_counts_as_much_as_the_one_before(plan):
    weighted = set_objective(set_teacher(plan, RUN), "logit_distillation", weight=3.0, temperature=5.0)
    assert set_teacher(weighted, NETWORK).objectives == weighted.objectives


def test_another_plan_takes_over_the_teacher_and_how_much_it_counts(plan, dataset, card, stages):
    weighted = set_objective(set_teacher(plan, RUN), "feature_distillation", weight=0.5)
    fresh = make_plan(dataset, card, stages, "head-first")
    found = with_teacher_of(fresh, weighted)
    assert (found.teacher, objective_of(found, "feature_distillation").weight) == (RUN, 0.5)
    assert found.phases == fresh.phases
    assert with_teacher_of(found, plan) == fresh


def test_without_its_teacher_a_plan_learns_from_labels(plan):
    only = plan.model_copy(update={"teacher": RUN, "objectives": (LogitDistillation(),)})
    assert set_teacher(only, None).objectives == (CrossEntropy(),)


def test_a_plan_that_learns_from_nothing_is_refused(plan):
    with pytest.raises(BadPlan, match="objectives"):
        parse_plan(plan.model_copy(update={"objectives": ()}).model_dump_json())


def test_no_more_views_are_looked_at_than_epochs_see(plan):
    many = set_teacher(plan, RUN.model_copy(update={"views": 16}))
    assert many.epochs == 10
    assert many.fixed_views == 10


@pytest.mark.parametrize(
    ("recipe", "teacher", "level"),
    [("feature-extraction", NETWORK, "stop"), ("feature-extraction", RUN, "warning"), ("top", NETWORK, None)],
)
def test_a_frozen_network_cannot_be_distilled_and_the_page_says_so(dataset, card, stages, recipe, teacher, level):
    plan = set_teacher(make_plan(dataset, card, stages, recipe), teacher)
    said = [
        advice.level for advice in check_plan(plan, dataset, card, stages) if "Only the head learns" in advice.sentence
    ]
    assert said == ([level] if level else [])


def test_a_student_sees_photos_of_about_its_teachers_size(dataset, card, stages, plan):
    distilled = plan.model_copy(update={"image_size": 150})
    made = student_plan(dataset, card, stages, (64, 96, 128, 160), distilled, "ab12")
    assert (made.image_size, made.teacher, made.tasks) == (160, RUN, plan.tasks)
    assert min(made.phases[-1].stage_rates) > 0
