"""What is said of a plan because of this disk and the runs that are here; and which runs can teach others."""

from pathlib import Path

import pytest
import timm
from safetensors.torch import save_file

from core.backbones import describe_stages
from core.datasets import Dataset, SplitPlan, import_dataset, split_again
from core.errors import BadWeights, NotFound, Refused
from core.execution import preflight
from core.execution.preflight import local_warnings, missing_here, preflight_checks, teacher_runs
from core.execution.submit import submit
from core.home import Home, open_home
from core.plans import BackboneChoice, Plan, Teacher, set_target, set_teacher
from core.profiling.estimate import room_needed
from core.runs.store import delete_run, run_folder
from tests.fixtures.made_runs import made_plan, made_run


@pytest.fixture
def photos(home: Home, draw_photos, tmp_path) -> Dataset:
    return import_dataset(home, "shapes", draw_photos(tmp_path / "drawn", {"disc": 12, "box": 12}))


def by(photos: Dataset, **who: object) -> Plan:
    return set_teacher(made_plan(photos), Teacher(**who))


def test_photos_that_evaluate_a_student_and_trained_its_teacher_are_counted(home: Home, photos: Dataset):
    teacher = made_run(home, photos, "finished", epochs=2)
    assert local_warnings(home, by(photos, run=teacher.id), photos) == []
    again = split_again(home, photos, SplitPlan(seed=5))
    distilled = set(photos.table["hash"].iloc[photos.indices("train")])
    evaluated = [*again.indices("validation"), *again.indices("test")]
    met = len(distilled & set(again.table["hash"].iloc[evaluated]))
    assert met > 0
    [warning] = local_warnings(home, by(again, run=teacher.id), again)
    assert warning.level == "warning"
    assert f"learned from {met} of the photos that judge this model" in warning.sentence
    assert local_warnings(home, by(again, backbone=BackboneChoice(name="graft-resnet10t")), again) == []
    assert local_warnings(home, by(again, run="abcdef"), again) == []


@pytest.fixture
def others(home: Home, draw_photos, tmp_path) -> Dataset:
    """Of another place; four of its photos are among `photos`, too."""
    folder = draw_photos(tmp_path / "others", {"line": 0, "ring": 0, "other": 20})
    draw_photos(folder, {"disc": 4})
    return import_dataset(home, "others", folder)


def test_few_photos_to_adapt_to_and_those_that_are_in_both_datasets_are_counted(
    home: Home, photos: Dataset, others: Dataset
):
    plan = set_target(made_plan(photos).model_copy(update={"batch_size": 64}), others.id, others.version)
    few, both = local_warnings(home, plan, photos)
    assert few.level == both.level == "warning"
    assert f'"others" has {24 - len(others.indices("test"))} photos to adapt to' in few.sentence
    assert '4 photos of "others" are also among those with labels' in both.sentence
    assert missing_here(home, plan) == []


def test_a_target_without_photos_to_adapt_to_stops_the_plan(
    home: Home, photos: Dataset, others: Dataset, monkeypatch: pytest.MonkeyPatch
):
    others.table["split"] = "test"
    monkeypatch.setattr(preflight, "load_dataset", lambda *_: others)
    first = preflight_checks(home, set_target(made_plan(photos), others.id, others.version), photos)[0]
    assert (first.level, first.sentence) == ("stop", 'All photos of "others" are kept for its test: split them again.')


def test_a_target_that_is_gone_is_missing_and_cannot_be_submitted(home: Home, photos: Dataset):
    plan = set_target(made_plan(photos), "gone", 1)
    assert missing_here(home, plan) == [
        "the dataset that the model is to be adapted to is not here any more. Choose another one."
    ]
    assert local_warnings(home, plan, photos) == []
    with pytest.raises(NotFound):
        submit(home, plan)


def test_a_disk_that_will_be_full_is_said_before_the_run(home: Home, photos: Dataset, small_disk: Path):
    plan = made_plan(photos)
    assert local_warnings(home, plan, photos) == []
    [warning] = local_warnings(open_home(small_disk / "home"), plan, photos)
    assert warning.level == "warning"
    assert " MB on the disk, and only " in warning.sentence


def test_room_that_just_suffices_is_not_spoken_of(home: Home, photos: Dataset, monkeypatch: pytest.MonkeyPatch):
    plan = made_plan(photos)
    needed = room_needed(plan, [stage.parameters for stage in describe_stages(plan.backbone.name)])
    for free, warned in ((needed, False), (needed - 1, True)):
        monkeypatch.setattr(preflight, "free_bytes", lambda path, free=free: free)
        assert bool(local_warnings(home, plan, photos)) == warned


@pytest.mark.parametrize(("state", "teaches"), [("finished", True), ("stopped", True), ("interrupted", False)])
def test_who_has_learned_to_the_end_can_teach(home: Home, photos: Dataset, state: str, teaches: bool):
    run = made_run(home, photos, state, epochs=2)
    assert bool(teacher_runs(home, photos.id)) == teaches
    assert teacher_runs(home, "other photos") == []
    if teaches:
        assert submit(home, by(photos, run=run.id)).plan.teacher == Teacher(run=run.id)
        return
    with pytest.raises(Refused, match="cannot teach before its training has ended"):
        submit(home, by(photos, run=run.id))


def test_a_teacher_that_is_gone_is_said_before_a_run_waits_for_its_turn(home: Home, photos: Dataset):
    with pytest.raises(NotFound, match="The run that should teach is gone"):
        submit(home, by(photos, run="abcdef"))


def test_a_network_that_is_not_here_or_has_no_answers_cannot_teach(home: Home, photos: Dataset, tmp_path):
    with pytest.raises(NotFound, match="are not on this computer yet"):
        submit(home, by(photos, backbone=BackboneChoice(name="resnet50.a1_in1k")))
    file = tmp_path / "headless.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), file)
    headless = BackboneChoice(name="test_resnet.r160_in1k", weights="file", file=str(file))
    with pytest.raises(BadWeights, match="have no classifier"):
        submit(home, by(photos, backbone=headless))


def test_a_teacher_is_not_deleted_while_somebody_learns_from_it(home: Home, photos: Dataset):
    teacher = made_run(home, photos, "finished", epochs=2)
    student = made_run(home, photos, "interrupted", epochs=1, plan=by(photos, run=teacher.id), name="the student")
    with pytest.raises(Refused, match='"the student" learns from'):
        delete_run(home, teacher.id)
    delete_run(home, student.id)
    made_run(home, photos, "finished", epochs=2, plan=by(photos, run=teacher.id))
    delete_run(home, teacher.id)
    assert not run_folder(home, teacher.id).exists()


def test_a_name_is_no_id_to_training_so_it_is_refused_before_the_run_waits(home: Home, photos: Dataset):
    made_run(home, photos, "finished", epochs=2, name="leaves")
    with pytest.raises(NotFound, match="The run that should teach is gone"):
        submit(home, by(photos, run="leaves"))


def test_page_and_command_line_are_told_alike_what_stops_comes_first(home: Home, photos: Dataset):
    plan = made_plan(photos).model_copy(update={"image_size": 48, "batch_size": 500})
    levels = [check.level for check in preflight_checks(home, plan, photos)]
    assert levels == sorted(levels, key=["stop", "warning", "ok"].index)
    assert "warning" in levels


def test_what_is_not_on_this_computer_is_named_with_what_to_do(home: Home, photos: Dataset):
    assert missing_here(home, made_plan(photos)) == []
    [gone] = missing_here(home, by(photos, run="abcdef"))
    assert gone == "The run that should teach is gone. Choose another teacher in the plan."
    away = made_plan(photos).model_copy(update={"backbone": BackboneChoice(name="resnet50.a1_in1k")})
    [weights] = missing_here(home, away)
    assert "are not on this computer yet" in weights
