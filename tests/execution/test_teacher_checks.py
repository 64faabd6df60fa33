"""Runs that teach others: who can, and what is said of one that cannot."""

import pytest
import timm
from safetensors.torch import save_file

from core.datasets import Dataset, import_dataset
from core.errors import BadWeights, NotFound, Refused
from core.execution.submit import queue
from core.execution.teacher_checks import teacher_runs
from core.home import Home
from core.plans import BackboneChoice, Plan, Teacher, set_teacher
from core.runs.store import delete_run, folder_of
from tests.fixtures.made_runs import made_plan, made_run


@pytest.fixture
def photos(home: Home, draw_photos, tmp_path) -> Dataset:
    return import_dataset(home, "shapes", draw_photos(tmp_path / "drawn", {"disc": 12, "box": 12}))


def by(photos: Dataset, **who: object) -> Plan:
    return set_teacher(made_plan(photos), Teacher(**who))


@pytest.mark.parametrize(("state", "teaches"), [("finished", True), ("stopped", True), ("interrupted", False)])
def test_who_has_learned_to_the_end_can_teach(home: Home, photos: Dataset, state: str, teaches: bool):
    run = made_run(home, photos, state, epochs=2)
    assert bool(teacher_runs(home, photos.id)) == teaches
    assert teacher_runs(home, "other photos") == []
    if teaches:
        assert queue(home, by(photos, run=run.id)).plan.teacher == Teacher(run=run.id)
        return
    with pytest.raises(Refused, match="cannot teach before its training has ended"):
        queue(home, by(photos, run=run.id))


def test_a_teacher_that_is_gone_is_said_before_a_run_waits_for_its_turn(home: Home, photos: Dataset):
    with pytest.raises(NotFound, match="The run that should teach is gone"):
        queue(home, by(photos, run="abcdef"))


def test_a_network_that_is_not_here_or_has_no_answers_cannot_teach(home: Home, photos: Dataset, tmp_path):
    with pytest.raises(NotFound, match="are not on this computer yet"):
        queue(home, by(photos, backbone=BackboneChoice(name="resnet50.a1_in1k")))
    file = tmp_path / "headless.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), file)
    headless = BackboneChoice(name="test_resnet.r160_in1k", weights="file", file=str(file))
    with pytest.raises(BadWeights, match="have no classifier"):
        queue(home, by(photos, backbone=headless))


def test_a_teacher_is_not_deleted_while_somebody_learns_from_it(home: Home, photos: Dataset):
    teacher = made_run(home, photos, "finished", epochs=2)
    student = made_run(home, photos, "interrupted", epochs=1, plan=by(photos, run=teacher.id), name="the student")
    with pytest.raises(Refused, match='"the student" learns from'):
        delete_run(home, teacher.id)
    delete_run(home, student.id)
    made_run(home, photos, "finished", epochs=2, plan=by(photos, run=teacher.id))
    delete_run(home, teacher.id)
    assert not folder_of(home, teacher.id).exists()


def test_a_name_is_no_id_to_training_so_it_is_refused_before_the_run_waits(home: Home, photos: Dataset):
    made_run(home, photos, "finished", epochs=2, name="leaves")
    with pytest.raises(NotFound, match="The run that should teach is gone"):
        queue(home, by(photos, run="leaves"))
