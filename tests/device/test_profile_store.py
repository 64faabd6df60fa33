"""What was measured is cached, and measured again when it can no longer be trusted."""

from collections.abc import Callable

import pytest
import torch

from core.device import profile_store
from core.device.profile_store import BUSY, MAX_AGE_SECONDS, Body, OtherLoad, cached, read_trusted
from core.home import Home, database
from core.profiling.cost_profile import (
    MIN_RUN_SECONDS,
    correction,
    max_micro_batch,
    record_actual,
    record_max_micro_batch,
)
from tests.fixtures.engine import CONVNEXT, make_plan, phase

CPU = torch.device("cpu")


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """busy(share): so busy is the machine from now on; at first it is not."""

    def set_to(share: float) -> None:
        monkeypatch.setattr(profile_store, "busy_share", lambda: share)

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
        db.execute("UPDATE profiles SET created = created - ?", (seconds,))


def test_what_was_measured_on_a_quiet_machine_is_not_measured_again(home: Home, busy: Callable):
    measure = counting()
    assert [cached(home, "k", measure)["time"] for _ in range(3)] == [1, 1, 1]


def test_what_was_measured_beside_others_is_measured_again_once_they_are_done(home: Home, busy: Callable):
    measure = counting()
    busy(2 * BUSY)
    assert [cached(home, "k", measure)["time"] for _ in range(2)] == [1, 1]
    busy(0.0)
    assert [cached(home, "k", measure)["time"] for _ in range(2)] == [2, 2]


def test_what_is_old_is_measured_again_when_the_machine_is_quiet(home: Home, busy: Callable):
    measure = counting()
    cached(home, "k", measure)
    age(home, MAX_AGE_SECONDS + 60)
    busy(2 * BUSY)
    assert cached(home, "k", measure)["time"] == 1
    busy(0.0)
    assert cached(home, "k", measure)["time"] == 2


def test_others_that_begin_meanwhile_count_too(home: Home, busy: Callable):
    def measure() -> Body:
        busy(2 * BUSY)
        return {"time": 1}

    cached(home, "k", measure)
    busy(0.0)
    assert cached(home, "k", lambda: {"time": 2})["time"] == 2


def test_how_busy_a_machine_is_is_a_share():
    assert 0 <= profile_store.busy_share() <= 1


def test_the_fewest_photos_that_fitted_are_remembered(home: Home):
    plan = make_plan()
    assert max_micro_batch(home, plan, CPU) is None
    for photos in (16, 8, 12):
        record_max_micro_batch(home, plan, CPU, photos)
    assert max_micro_batch(home, plan, CPU) == 8


def test_what_fitted_is_known_for_the_same_network_size_and_stages_only(home: Home):
    record_max_micro_batch(home, make_plan(), CPU, 4)
    assert max_micro_batch(home, make_plan(batch_size=64), CPU) == 4
    others = (make_plan(phase(CONVNEXT), backbone=CONVNEXT), make_plan(image_size=64), make_plan(phase(learning=1)))
    assert [max_micro_batch(home, plan, CPU) for plan in others] == [None] * 3


def test_only_what_was_measured_quietly_is_a_reference(home: Home, busy: Callable):
    assert read_trusted(home, "k") is None
    busy(2 * BUSY)
    cached(home, "k", counting())
    assert read_trusted(home, "k") is None
    busy(0.0)
    cached(home, "k", counting())
    assert read_trusted(home, "k") == {"time": 1}


def test_what_others_use_is_what_is_neither_idle_nor_ones_own(monkeypatch: pytest.MonkeyPatch):
    clocks = {"monotonic": 0.0, "idle": 0.0, "own": 0.0}
    monkeypatch.setattr(profile_store.time, "monotonic", lambda: clocks["monotonic"])
    monkeypatch.setattr(profile_store, "_idle_seconds", lambda: clocks["idle"])
    monkeypatch.setattr(profile_store, "_own_seconds", lambda: clocks["own"])
    monkeypatch.setattr(profile_store.os, "cpu_count", lambda: 2)
    others = OtherLoad()
    clocks.update(monotonic=10.0, idle=5.0, own=9.0)
    assert others.share() == pytest.approx(6 / 20)


def test_without_runs_there_is_no_correction(home: Home):
    assert correction(home, make_plan(), CPU) == 1.0


def test_the_correction_is_the_geometric_mean_of_the_last_runs_with_one_as_estimated(home: Home):
    plan = make_plan()
    record_actual(home, plan, CPU, estimated_seconds=10.0, measured_seconds=20.0)
    assert correction(home, plan, CPU) == pytest.approx(2 ** (1 / 2))
    record_actual(home, plan, CPU, estimated_seconds=10.0, measured_seconds=20.0)
    assert correction(home, plan, CPU) == pytest.approx(4 ** (1 / 3))
    for _ in range(5):
        record_actual(home, plan, CPU, estimated_seconds=10.0, measured_seconds=10.0)
    assert correction(home, plan, CPU) == 1.0, "only the last five count"


def test_one_strange_run_does_not_spoil_the_correction(home: Home):
    plan = make_plan()
    record_actual(home, plan, CPU, estimated_seconds=10.0, measured_seconds=10_000.0)
    assert correction(home, plan, CPU) == pytest.approx(3 ** (1 / 2))


def test_a_short_run_teaches_nothing(home: Home):
    record_actual(home, make_plan(), CPU, estimated_seconds=MIN_RUN_SECONDS / 2, measured_seconds=MIN_RUN_SECONDS * 2)
    assert correction(home, make_plan(), CPU) == 1.0


def test_what_head_only_runs_took_says_nothing_about_runs_in_which_the_network_learns(home: Home):
    record_actual(home, make_plan(phase(learning=0)), CPU, estimated_seconds=10.0, measured_seconds=20.0)
    assert correction(home, make_plan(), CPU) == 1.0
    assert correction(home, make_plan(phase(learning=0), batch_size=64), CPU) > 1.0
