"""The background of the server: it takes what is queued, one run per device, and ends in time."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.execution.executor import NICENESS, lower_priority
from core.execution.worker import Worker
from core.home import Home
from core.runs.store import get_run, resume
from core.runs.types import Run
from tests.fixtures.runs import FakeEngine, Gate

FAR = "another-machine|77|1.0|abc"


@pytest.fixture
def runner(home: Home, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr("core.execution.worker.POLL_SECONDS", 0.02)
    runner = Worker(home)
    yield runner
    runner.close(10)


def wait_for(home: Home, run: Run, state: str) -> None:
    ticking, deadline = threading.Event(), time.monotonic() + 20
    while get_run(home, run.id).state != state:
        assert time.monotonic() < deadline, f"{run.name} is {get_run(home, run.id).state}, not {state}"
        ticking.wait(0.02)


def test_what_is_queued_is_carried_out_in_order(
    home: Home, runner: Worker, put_run: Callable[..., Run], engine: FakeEngine
):
    first, second = put_run("first"), put_run("second")
    runner.start()
    wait_for(home, second, "finished")
    assert engine.started == [first.id, second.id]


def test_a_failed_run_does_not_hold_up_the_next(
    home: Home, runner: Worker, put_run: Callable[..., Run], engine: FakeEngine
):
    first, second = put_run("first"), put_run("second")

    def crash(step: int) -> None:
        if engine.started == [first.id]:
            raise RuntimeError("broken")

    engine.before = crash
    runner.start()
    wait_for(home, second, "finished")
    assert get_run(home, first.id).state == "failed"


def test_two_devices_train_at_the_same_time(
    home: Home, runner: Worker, put_run: Callable[..., Run], engine: FakeEngine
):
    together = threading.Barrier(2, timeout=20)
    engine.before = lambda step: together.wait() and None if step == 1 else None
    here, there = put_run("here"), put_run("there", device="cuda:0")
    runner.start()
    wait_for(home, here, "finished")
    wait_for(home, there, "finished")


def test_closing_ends_runs_at_the_next_step_and_leaves_them_resumable(
    home: Home, runner: Worker, put_run: Callable[..., Run], engine: FakeEngine
):
    engine.before = gate = Gate(3)
    first, second = put_run("first"), put_run("second")
    runner.start()
    assert gate.reached.wait(20)
    threading.Timer(0.1, gate.opened.set).start()
    runner.close(10)
    assert (get_run(home, first.id).state, engine.closed_at) == ("interrupted", 3)
    assert get_run(home, second.id).state == "queued"
    assert resume(home, first.id).state == "queued"


def test_closing_does_not_wait_for_a_step_that_takes_too_long(
    home: Home, runner: Worker, put_run: Callable[..., Run], engine: FakeEngine
):
    engine.before = gate = Gate(3)
    run = put_run("slow")
    runner.start()
    assert gate.reached.wait(20)
    runner.close(0.3)  # returns while the step still waits for the gate
    assert get_run(home, run.id).state == "interrupted"
    assert engine.closed_at is None
    gate.opened.set()


def test_a_run_that_another_process_left_behind_is_interrupted_at_the_start(
    home: Home, runner: Worker, put_run: Callable[..., Run]
):
    left = put_run("left", "running", FAR, until=time.time() + 0.2)
    threading.Event().wait(0.3)
    runner.start()
    wait_for(home, left, "interrupted")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it for a single thread")
def test_what_trains_steps_back_with_all_that_it_starts_and_nobody_else_does():
    seen: dict[str, int] = {}

    def look(who: str) -> None:
        seen[who] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def train() -> None:
        lower_priority()
        started = threading.Thread(target=look, args=("its own",))
        started.start()
        started.join()

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    trains = threading.Thread(target=train)
    trains.start()
    trains.join()
    look("the page")
    assert seen == {"its own": max(before, NICENESS), "the page": before}
