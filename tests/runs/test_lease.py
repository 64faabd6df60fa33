"""Who carries a run out: one process per device, and nobody once that process is gone."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from core.home import Home, database, is_alive, process_is_gone, this_process
from core.runs.event_log import read_events
from core.runs.lease import (
    Lease,
    RunOutcome,
    claim,
    claim_next,
    interrupt_stale,
    release,
    renew,
    waiting_devices,
)
from core.runs.store import get_run
from core.runs.types import Run

FAR = "another-machine|77|1.0|abc"
DAY = 24 * 3600.0


@pytest.fixture
def another_process() -> Iterator[str]:
    """The name of a process of this machine that lives."""
    code = "from core.home import this_process; print(this_process(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        process.kill()


@pytest.fixture(params=[-DAY, 3.0, DAY], ids=["a day back", "three seconds on", "a day on"])
def step_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Sets the clock: with it moves the time at which the machine says that it started."""

    def step() -> None:
        now, began = time.time, psutil.boot_time()
        monkeypatch.setattr(time, "time", lambda: now() + request.param)
        for module in (psutil, psutil._psplatform):
            monkeypatch.setattr(module, "boot_time", lambda: began + request.param)

    return step


def a_killed_process() -> str:
    """The owner that a process of this machine had, which is gone."""
    code = "from core.home import this_process; print(this_process(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().decode().strip()
        assert is_alive(owner)
        process.kill()
    return owner


def test_a_run_whose_process_was_killed_is_interrupted_at_once(home: Home, put_run: Callable[..., Run]):
    owner = a_killed_process()
    assert process_is_gone(owner)
    run = put_run("lost", "running", f"{owner}|abc", until=time.time() + 20)
    assert run.state == "interrupted"
    assert read_events(home, run.id)[-1].kind == "interrupted"


def test_a_run_of_another_machine_is_interrupted_when_its_lease_ran_out(home: Home, put_run: Callable[..., Run]):
    alive = put_run("alive", "running", FAR, until=time.time() + 20)
    silent = put_run("silent", "paused", FAR, until=time.time() + 20, device="cuda:0")
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET lease_until = ? WHERE id = ?", (time.time() - 1, silent.id))
    assert interrupt_stale(home) == [silent.id]
    assert get_run(home, alive.id).state == "running"


def test_a_claim_that_this_process_no_longer_works_for_is_stale(home: Home, put_run: Callable[..., Run]):
    run = put_run("lost", "running", f"{this_process()}|of an earlier thread", until=time.time() + 20)
    assert run.state == "interrupted"


def test_a_device_trains_one_run_at_a_time(home: Home, put_run: Callable[..., Run]):
    first, second, elsewhere = put_run("first"), put_run("second"), put_run("elsewhere", device="cuda:0")
    ours = claim(home, first.id)
    assert ours is not None
    assert claim(home, second.id) is None
    assert claim(home, elsewhere.id) is not None
    release(home, ours, RunOutcome("finished", "Finished."))
    assert claim(home, second.id) is not None


def test_the_queue_goes_in_order(home: Home, put_run: Callable[..., Run]):
    first, second = put_run("first"), put_run("second")
    assert waiting_devices(home) == ["cpu"]
    assert claim(home, second.id) is None
    ours = claim_next(home, "cpu")
    assert ours is not None
    assert ours.run_id == first.id


def test_a_run_that_a_dead_command_line_queued_holds_nobody_up(home: Home, put_run: Callable[..., Run]):
    put_run("left behind", owner=a_killed_process())
    ours = put_run("own")
    assert claim(home, ours.id) is not None


def test_many_threads_that_want_one_run_get_it_once(home: Home, put_run: Callable[..., Run]):
    run, got = put_run("wanted"), []
    threads = [threading.Thread(target=lambda: got.append(claim(home, run.id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([each for each in got if each]) == 1


def test_a_lease_is_renewed_while_one_step_takes_long(home: Home, put_run: Callable[..., Run], monkeypatch):
    monkeypatch.setattr("core.runs.lease.RENEW_SECONDS", 0.05)
    ours = claim(home, put_run("slow").id)
    assert ours is not None

    def until() -> float:
        with database(home) as db:
            return db.execute("SELECT lease_until FROM runs WHERE id = ?", (ours.run_id,)).fetchone()[0]

    before, deadline = until(), time.monotonic() + 10
    with Lease(home, ours):
        while until() == before:
            assert time.monotonic() < deadline
    assert until() > before


def test_a_step_of_the_clock_leaves_a_run_of_this_process_alone(
    home: Home, put_run: Callable[..., Run], step_clock: Callable[[], None]
):
    claimed = claim(home, put_run("own").id)
    assert claimed is not None
    step_clock()
    assert interrupt_stale(home) == []
    with database(home, write=True) as db:
        renew(db, claimed)
    release(home, claimed, RunOutcome("finished", "Finished."))
    assert get_run(home, claimed.run_id).state == "finished"


def test_a_step_of_the_clock_leaves_a_run_of_another_process_alone(
    home: Home, put_run: Callable[..., Run], another_process: str, step_clock: Callable[[], None]
):
    until = {"until": time.time() + 20, "monotonic": time.monotonic() + 20}
    run = put_run("theirs", "running", f"{another_process}|abc", **until)
    step_clock()
    assert interrupt_stale(home) == []
    assert get_run(home, run.id).state == "running"


def test_a_step_of_the_clock_leaves_a_run_in_a_container_alone(
    home: Home, put_run: Callable[..., Run], step_clock: Callable[[], None]
):
    _, number, start, boot = this_process().split("|")
    owner = f"container|{number}|{start}|{boot}|abc"
    until = {"until": time.time() + 20, "monotonic": time.monotonic() + 20}
    run = put_run("contained", "running", owner, **until)
    step_clock()
    assert get_run(home, run.id).state == "running"
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET lease_monotonic = ?", (time.monotonic() - 1,))
    assert get_run(home, run.id).state == "interrupted", "silent for so long by a clock that nobody sets"


def test_a_process_that_hangs_loses_its_run(home: Home, put_run: Callable[..., Run], another_process: str):
    silent = {"until": time.time() + 20, "monotonic": time.monotonic() - 1}
    assert put_run("hangs", "running", f"{another_process}|abc", **silent).state == "interrupted"


def test_the_seconds_of_a_run_are_counted_by_a_clock_that_nobody_sets(
    home: Home, put_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, step_clock: Callable[[], None]
):
    began = time.monotonic()
    claimed = claim(home, put_run("own").id)
    assert claimed is not None
    step_clock()
    monkeypatch.setattr(time, "monotonic", lambda: began + 100)
    with database(home, write=True) as db:
        renew(db, claimed)
    monkeypatch.setattr(time, "monotonic", lambda: began + 107)
    release(home, claimed, RunOutcome("interrupted", "Closed."))
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET state = 'queued'")
    again = claim(home, claimed.run_id)
    assert again is not None
    monkeypatch.setattr(time, "monotonic", lambda: began + 110)
    release(home, again, RunOutcome("finished", "Finished."))
    assert get_run(home, claimed.run_id).seconds == pytest.approx(110, abs=5)


def test_a_run_of_before_the_count_took_no_less_than_nothing(home: Home, put_run: Callable[..., Run]):
    run = put_run("of before", "finished")
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET started = 90000, ended = 3600")  # a clock that was set a day back in between
    assert get_run(home, run.id).seconds == 0
