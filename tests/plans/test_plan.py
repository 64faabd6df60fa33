"""A plan decides a run, nothing else does; what does not fit is refused in one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import BadPlan
from core.objectives import CrossEntropy, FeatureDistillation, LogitDistillation
from core.plans import Teacher, make_plan, parse_plan, read_plan


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


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tasks": ["species", "health"]}, "drawn alike by the classes of one task alone"),
        ({"objectives": [{"kind": "cross_entropy", "balance_classes": True}]}, "which is twice too much: choose one"),
    ],
)
def test_what_does_not_go_with_balanced_sampling_is_refused_in_words(plan, changes: dict, sentence: str):
    assert parse_plan(with_fields(plan, sampling="balanced")).sampling == "balanced"
    with pytest.raises(BadPlan, match=sentence):
        parse_plan(with_fields(plan, sampling="balanced", **changes))


def with_fields(plan, **changes) -> str:
    return json.dumps(json.loads(plan.model_dump_json()) | changes)


SOURCE, TARGET = {"id": "leaves", "version": 1}, {"id": "others", "version": 2, "role": "target"}
ADAPTING = [{"kind": "cross_entropy"}, {"kind": "mcc"}]


@pytest.mark.parametrize("datasets", [[SOURCE, TARGET], [TARGET, SOURCE]])
def test_a_plan_may_adapt_to_a_target_dataset(plan, datasets: list):
    adapted = parse_plan(with_fields(plan, datasets=datasets, objectives=ADAPTING))
    assert (adapted.source.id, adapted.target.id, adapted.target.version) == ("leaves", "others", 2)
    assert plan.target is None


def test_a_plan_without_a_source_or_with_two_is_refused_in_words(plan):
    for datasets in ([TARGET], [SOURCE, SOURCE]):
        with pytest.raises(BadPlan, match="a plan learns from exactly one dataset, with the role source"):
            parse_plan(with_fields(plan, datasets=datasets, objectives=ADAPTING))
    with pytest.raises(BadPlan, match="datasets"):
        parse_plan(with_fields(plan, datasets=[]))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"datasets": [SOURCE, TARGET, TARGET]}, "a plan adapts to one target dataset at most"),
        ({"datasets": [SOURCE, SOURCE | {"role": "target"}]}, "photos cannot be adapted to themselves"),
        (
            {"datasets": [SOURCE], "adaptive_batch_norm": True, "objectives": ADAPTING[:1]},
            "needs photos of another place",
        ),
        ({"adaptive_batch_norm": True, "optimizer": {"ema_decay": 0.9}}, "does not go with an average of the weights"),
        ({"batch_size": 1}, "set the batch size to 2 or more"),
        ({"datasets": [SOURCE]}, "the objective mcc needs photos of another place: name a dataset as the target"),
        ({"objectives": [{"kind": "cross_entropy"}]}, "a target dataset is named, and no objective adapts to it"),
    ],
)
def test_what_does_not_go_with_a_target_is_refused_in_words(plan, changes: dict, sentence: str):
    adapted = {"datasets": [SOURCE, TARGET], "objectives": ADAPTING}
    with pytest.raises(BadPlan, match=sentence):
        parse_plan(with_fields(plan, **(adapted | changes)))


@pytest.mark.parametrize(
    ("objectives", "sentence"),
    [
        ([{"kind": "logit_distillation", "label_smoothing": 0.1}], '"objectives.0.label_smoothing" is unknown'),
        ([{"kind": "feature_distillation", "temperature": 2}], '"objectives.0.temperature" is unknown'),
        ([{"kind": "cross_entropy", "label_smoothing": 2}], '"objectives.0.label_smoothing": input should be less'),
        ([{"kind": "hinge"}], "an objective's kind is one of cross_entropy, .*, and not hinge"),
        ([{"weight": 2}], "an objective's kind is one of"),
        ([2], '"objectives.0"'),
        ([{"kind": "cross_entropy"}] * 2, "the objective cross_entropy is named twice"),
    ],
)
def test_an_objective_has_its_own_fields_only(plan, objectives: list, sentence: str):
    with pytest.raises(BadPlan, match=sentence) as caught:
        parse_plan(with_fields(plan, objectives=objectives))
    assert "\n" not in str(caught.value)


def test_two_objectives_with_equal_settings_give_plans_of_different_hashes(plan):
    teacher = Teacher(run="ab12")
    hashes = {
        plan.model_copy(update={"teacher": teacher, "objectives": (CrossEntropy(), other)}).hash
        for other in (LogitDistillation(), FeatureDistillation())
    }
    assert len(hashes) == 2


def test_a_plan_is_read_without_torch():
    code = "import core.plans, sys; print('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
