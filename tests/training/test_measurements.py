"""What was measured is kept, and measured again when it can no longer be trusted."""

from collections.abc import Callable

import pytest
import torch

from core.home import Home, database
from core.training import measurements
from core.training.calibration import fitting, remember_fitting
from core.training.measurements import BUSY, MAX_AGE_SECONDS, Body, kept
from tests.training.conftest import CONVNEXT, make_plan, phase

CPU = torch.device("cpu")


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """busy(share): so busy is the machine from now on; at first it is not."""

    def set_to(share: float) -> None:
        monkeypatch.setattr(measurements, "busy_share", lambda: share)

    set_to(0.0)
    return set_to


def counting() -> Callable[[], Body]:
    times = [0]

    def measure() -> Body:
        times[0] += 1
        return {"time": times[0]}

    return measure


def age(home: Home, seconds: float) -> None:
    with database(home, write=True) as db:
        db.execute("UPDATE calibrations SET created = created - ?", (seconds,))


def test_what_was_measured_on_a_quiet_machine_is_not_measured_again(home: Home, busy: Callable):
    measure = counting()
    assert [kept(home, "k", measure)["time"] for _ in range(3)] == [1, 1, 1]


def test_what_was_measured_beside_others_is_measured_again_once_they_are_done(home: Home, busy: Callable):
    measure = counting()
    busy(2 * BUSY)
    assert [kept(home, "k", measure)["time"] for _ in range(2)] == [1, 1]
    busy(0.0)
    assert [kept(home, "k", measure)["time"] for _ in range(2)] == [2, 2]


def test_what_is_old_is_measured_again_when_the_machine_is_quiet(home: Home, busy: Callable):
    measure = counting()
    kept(home, "k", measure)
    age(home, MAX_AGE_SECONDS + 60)
    busy(2 * BUSY)
    assert kept(home, "k", measure)["time"] == 1
    busy(0.0)
    assert kept(home, "k", measure)["time"] == 2


def test_others_that_begin_meanwhile_count_too(home: Home, busy: Callable):
    def measure() -> Body:
        busy(2 * BUSY)
        return {"time": 1}

    kept(home, "k", measure)
    busy(0.0)
    assert kept(home, "k", lambda: {"time": 2})["time"] == 2


def test_how_busy_a_machine_is_is_a_share():
    assert 0 <= measurements.busy_share() <= 1


def test_the_fewest_photos_that_fitted_are_remembered(home: Home):
    plan = make_plan()
    assert fitting(home, plan, CPU) is None
    for photos in (16, 8, 12):
        remember_fitting(home, plan, CPU, photos)
    assert fitting(home, plan, CPU) == 8


def test_what_fitted_is_known_for_the_same_network_size_and_stages_only(home: Home):
    remember_fitting(home, make_plan(), CPU, 4)
    assert fitting(home, make_plan(batch_size=64), CPU) == 4
    others = (make_plan(phase(CONVNEXT), backbone=CONVNEXT), make_plan(image_size=64), make_plan(phase(learning=1)))
    assert [fitting(home, plan, CPU) for plan in others] == [None] * 3
