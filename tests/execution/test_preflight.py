"""What is said of a plan because of this disk and the runs that are here."""

from pathlib import Path

import pytest

from core.backbones import describe_stages
from core.datasets import Dataset, SplitPlan, import_dataset, split_again
from core.execution import preflight
from core.execution.preflight import warnings_here
from core.home import Home, open_home
from core.plans import BackboneChoice, Plan, Teacher, set_teacher
from core.profiling.estimate import room_needed
from tests.fixtures.made_runs import made_plan, made_run


@pytest.fixture
def photos(home: Home, draw_photos, tmp_path) -> Dataset:
    return import_dataset(home, "shapes", draw_photos(tmp_path / "drawn", {"disc": 12, "box": 12}))


def by(photos: Dataset, **who: object) -> Plan:
    return set_teacher(made_plan(photos), Teacher(**who))


def test_photos_that_judge_a_student_and_taught_its_teacher_are_counted(home: Home, photos: Dataset):
    teacher = made_run(home, photos, "finished", epochs=2)
    assert warnings_here(home, by(photos, run=teacher.id), photos) == []
    again = split_again(home, photos, SplitPlan(seed=5))
    taught = set(photos.table["hash"].iloc[photos.indices("train")])
    judging = [*again.indices("validation"), *again.indices("test")]
    met = len(taught & set(again.table["hash"].iloc[judging]))
    assert met > 0
    [warning] = warnings_here(home, by(again, run=teacher.id), again)
    assert warning.level == "look"
    assert f"learned from {met} of the photos that judge this model" in warning.sentence
    assert warnings_here(home, by(again, backbone=BackboneChoice(name="graft-resnet10t")), again) == []
    assert warnings_here(home, by(again, run="abcdef"), again) == []


def test_a_disk_that_will_be_full_is_said_before_the_run(home: Home, photos: Dataset, small_disk: Path):
    plan = made_plan(photos)
    assert warnings_here(home, plan, photos) == []
    [warning] = warnings_here(open_home(small_disk / "home"), plan, photos)
    assert warning.level == "look"
    assert " MB on the disk, and only " in warning.sentence


def test_room_that_just_suffices_is_not_spoken_of(home: Home, photos: Dataset, monkeypatch: pytest.MonkeyPatch):
    plan = made_plan(photos)
    needed = room_needed(plan, [stage.parameters for stage in describe_stages(plan.backbone.name)])
    for free, warned in ((needed, False), (needed - 1, True)):
        monkeypatch.setattr(preflight, "free_bytes", lambda path, free=free: free)
        assert bool(warnings_here(home, plan, photos)) == warned
