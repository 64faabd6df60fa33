"""What the plan page says a plan costs on this machine."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import pytest

from core.datasets import Dataset
from core.home import Home
from core.plans import BackboneChoice, Plan, Teacher, set_teacher
from core.profiling import background
from core.profiling.cost_profile import record_max_micro_batch
from core.profiling.estimate import CostProfile
from dashboard.plan.summary import Cost, cost_of
from tests.fixtures.made_runs import STARTER, made_plan

MEASURED = CostProfile((0.0,) * 6, (1e-3,) * 6, (1e6,) * 6, (0.0,) * 6, (1_000,) * 5, decode_seconds=10.0)
FEW = 3  # photos at once


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was measured, each at once; and a clock that stands still."""
    calls: list[str] = []

    def at_once(work: Callable[[], CostProfile]) -> "Future[CostProfile]":
        done: Future[CostProfile] = Future()
        done.set_result(work())
        return done

    def profile_costs(home: Home, plan: object, card: object, device: object) -> CostProfile:
        calls.append("measured")
        return MEASURED

    monkeypatch.setattr(background, "profile_costs", profile_costs)
    monkeypatch.setattr(background._pool, "submit", at_once)
    monkeypatch.setattr(background, "_measurements", {})
    return calls


def cost(home: Home, dataset: Dataset) -> Cost:
    return cost_of(home, made_plan(dataset), dataset, 100)


def test_a_measurement_serves_for_a_while(home: Home, small: Dataset, asked: list[str], monkeypatch):
    now = [0.0]
    monkeypatch.setattr(background.time, "monotonic", lambda: now[0])
    for seconds in (0.0, background.FRESH_SECONDS - 1):
        now[0] = seconds
        cost(home, small)
    assert len(asked) == 1
    now[0] = background.FRESH_SECONDS + 1
    cost(home, small)
    assert len(asked) == 2, "a run may have taught it better since"


def test_photos_that_are_decoded_cost_no_time(home: Home, small: Dataset, asked: list[str], monkeypatch):
    before = cost(home, small)
    monkeypatch.setattr("core.profiling.before_start.has_pixels", lambda *_: True)
    assert cost(home, small).time != before.time


def test_memory_that_ran_out_is_said_and_counted(home: Home, small: Dataset, asked: list[str]):
    plan = made_plan(small)
    assert cost(home, small).note == ""
    record_max_micro_batch(home, plan, background.resolve_device(plan.device), FEW)
    assert f"in parts of {FEW} photos" in cost(home, small).note


def test_a_batch_that_fits_is_not_spoken_of(home: Home, small: Dataset, asked: list[str]):
    plan = made_plan(small)
    record_max_micro_batch(home, plan, background.resolve_device(plan.device), plan.batch_size)
    assert cost(home, small).note == ""


def test_a_teacher_is_measured_too_and_costs_time(home: Home, small: Dataset, asked: list[str], monkeypatch):
    def with_teacher(home: Home, plan: Plan, found: CostProfile, device: object) -> CostProfile:
        asked.append("teacher")
        return replace(found, teacher_seconds=100.0) if plan.teacher else found

    monkeypatch.setattr(background, "with_teacher", with_teacher)
    alone = cost(home, small)
    distilled = set_teacher(made_plan(small), Teacher(backbone=BackboneChoice(name=STARTER)))
    assert cost_of(home, distilled, small, 100).time != alone.time
    assert asked == ["measured", "teacher"] * 2
