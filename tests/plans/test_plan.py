"""A plan decides a run, nothing else does; what does not fit is refused in one sentence."""

import json
from pathlib import Path

import pytest

from core.errors import BadPlan
from core.plans import make_plan, parse_plan, read_plan


@pytest.fixture
def plan(dataset, card, stages):
    return make_plan(dataset, card, stages)


def test_equal_plans_have_equal_hashes_and_another_seed_another(plan):
    again = parse_plan(plan.model_dump_json())
    assert again == plan
    assert again.hash == plan.hash
    assert plan.model_copy(update={"seed": 1}).hash != plan.hash


def test_an_unknown_field_is_named(plan, tmp_path: Path):
    fields = json.loads(plan.model_dump_json()) | {"learning_rate": 0.1}
    (tmp_path / "mine.json").write_text(json.dumps(fields))
    with pytest.raises(BadPlan, match='The plan file "mine.json": the field "learning_rate" is unknown'):
        read_plan(tmp_path / "mine.json")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "invalid JSON"),
        ("[]", "should be an object"),
        ("{}", 'the field "datasets" is missing'),
    ],
)
def test_what_is_no_plan_gets_a_sentence(text: str, sentence: str):
    with pytest.raises(BadPlan, match=sentence) as caught:
        parse_plan(text)
    assert "\n" not in str(caught.value)


def test_a_plan_file_that_is_not_there_is_said_so(tmp_path: Path):
    with pytest.raises(BadPlan, match="cannot be read"):
        read_plan(tmp_path / "none.json")


def test_phases_of_two_different_backbones_do_not_fit_together(plan):
    fields = json.loads(plan.model_dump_json())
    fields["phases"] = [fields["phases"][0], fields["phases"][0] | {"stage_rates": [0.0]}]
    with pytest.raises(BadPlan, match="one rate per stage"):
        parse_plan(json.dumps(fields))


@pytest.mark.parametrize("field", ["batch_size", "image_size", "seed"])
def test_a_negative_number_is_refused(plan, field: str):
    fields = json.loads(plan.model_dump_json()) | {field: -1}
    with pytest.raises(BadPlan, match=field):
        parse_plan(json.dumps(fields))
