"""Who carries a run out: one process per device, and nobody once that process is gone."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

from core.home import Home, database
from core.runs.event_log import read_events
from core.runs.lease import (
    Lease,
    RunOutcome,
    claim,
    claim_next,
    interrupt_stale,
    is_alive,
    process_is_gone,
    release,
    this_process,
    waiting_devices,
)
from core.runs.store import get_run
from core.runs.types import Run

FAR = "another-machine|77|1.0|abc"


def a_killed_process() -> str:
    """The owner that a process of this machine had, which is gone."""
    code = "from core.runs.lease import this_process; print(this_process(), flush=True); input()"
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
    ours = put_run("mine")
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
