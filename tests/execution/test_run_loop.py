"""A run from the queue to its end, with an engine that only says what it would do."""

import contextlib
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import Busy, DiskFull, GraftError, Refused, TooLittleMemory
from core.execution import run_loop
from core.execution.recorder import Recorder
from core.execution.run_loop import execute_run
from core.home import Home, database, open_home, part_beside
from core.job.events import Ended, EpochEnded, Event, PhaseBegan, Stepped, Warned
from core.monitoring.live import curves, read_history
from core.profiling.estimate import CostProfile, Counts
from core.runs.event_log import read_events
from core.runs.store import get_run, list_runs, pause, resume, stop, waits_for
from core.runs.types import Run
from tests.fixtures.runs import STEPS_PER_EPOCH, FakeEngine, Gate, put_run_in, scores

FAR = "another-machine|77|1.0|abc"


def rows_of(home: Home, run_id: str) -> list[tuple]:
    with database(home) as db:
        found = db.execute("SELECT name, step, value FROM curves WHERE run_id = ? ORDER BY name, step", (run_id,))
        return [tuple(row) for row in found]


def in_background(home: Home, run: Run) -> threading.Thread:
    thread = threading.Thread(target=lambda: execute_run(home, run.id), daemon=True)
    thread.start()
    return thread


def wait_for(home: Home, run: Run, state: str) -> None:
    ticking = threading.Event()
    for _ in range(400):
        if get_run(home, run.id).state == state:
            return
        ticking.wait(0.05)
    pytest.fail(f"{run.name} is {get_run(home, run.id).state}, not {state}")


def test_nothing_is_estimated_where_memory_does_not_suffice_to_measure(
    home: Home, put_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    def too_much(*_: object) -> CostProfile:
        raise TooLittleMemory("Too little memory is free to measure this.")

    monkeypatch.setattr(run_loop, "profile_costs", too_much)
    run = put_run("two phases")
    twice = replace(run, plan=run.plan.model_copy(update={"phases": 2 * run.plan.phases}))
    assert run_loop._estimated_epochs(home, twice, Counts(40, 100)) is None


def test_a_run_goes_from_the_queue_to_its_results(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    run = execute_run(home, put_run("first").id)
    assert run.state == "finished"
    assert (run.progress.epoch, run.progress.epochs, run.progress.step) == (4, 4, 20)
    assert run.progress.best.epoch == 4
    assert run.ended >= run.started
    assert (home.runs / run.id / "results.json").exists()
    assert [kind for _, _, kind, _ in read_events(home, run.id)] == [
        "began", "phase", "epoch", "phase", "epoch", "epoch", "epoch", "finished",
    ]  # fmt: skip
    assert [scores.validation_loss for scores in read_history(home, run.id, "label")] == [1, 1 / 2, 1 / 3, 1 / 4]


def test_steps_that_come_again_replace_those_of_before(
    home: Home, put_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, engine: FakeEngine
):
    def train(job: SimpleNamespace) -> Iterator[Event]:
        yield PhaseBegan(0, "all", 1, 2, {"stem": 1e-3})
        for step in (1, 2, 3, 2, 3, 4):
            if step == 2:
                yield Warned("It goes back to its last checkpoint.")
            yield Stepped(step, 1, 0, 8 * step, 1 / step, 0.5, {"stem": 1e-3})
        (job.folder / "best").mkdir()
        yield EpochEnded(1, 0, 4, {"label": scores(0.5)}, 100.0, 0.1, best=True)
        yield Ended("finished", 1, 4)

    monkeypatch.setattr(run_loop, "train", train)
    run = execute_run(home, put_run("first").id)
    losses = [(step, value) for name, step, value in rows_of(home, run.id) if name == "loss/train"]
    assert losses == [(step, pytest.approx(1 / step)) for step in (1, 2, 3, 4)]
    assert run.progress.rewound == 1


def test_whoever_carries_it_out_sees_each_event(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    seen: list[object] = []
    execute_run(home, put_run("first").id, seen.append)
    assert isinstance(seen[0], PhaseBegan)
    assert [event.step for event in seen if isinstance(event, Stepped)] == list(range(1, 21))
    assert isinstance(seen[-1], Ended)


def test_a_second_run_does_not_begin_while_the_first_has_the_device(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    engine.before = gate = Gate(3)
    first, second = put_run("first"), put_run("second")
    thread = in_background(home, first)
    assert gate.reached.wait(20)
    with pytest.raises(Refused, match='"second" cannot begin now'):
        execute_run(home, second.id)
    assert waits_for(home, get_run(home, second.id)) == 'Waits for "first".'
    gate.opened.set()
    thread.join(20)
    assert execute_run(home, second.id).state == "finished"


def test_a_paused_run_takes_no_step_until_it_is_resumed(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    engine.before = gate = Gate(3)
    run = put_run("first")
    thread = in_background(home, run)
    assert gate.reached.wait(20)
    pause(home, run.id)
    engine.before = slow(engine)
    gate.opened.set()
    wait_for(home, run, "paused")
    step = get_run(home, run.id).progress.step
    threading.Event().wait(0.5)  # more than two steps take
    engine.before = lambda step: None
    assert get_run(home, run.id).progress.step == step
    resume(home, run.id)
    thread.join(20)
    assert get_run(home, run.id).state == "finished"
    assert {"paused", "running"} <= {event.kind for event in read_events(home, run.id)}


def test_stop_keeps_the_best_epoch_and_its_results(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    engine.before = gate = Gate(STEPS_PER_EPOCH + 2)
    run = put_run("first")
    thread = in_background(home, run)
    assert gate.reached.wait(20)
    stop(home, run.id)
    engine.before = slow(engine)
    gate.opened.set()
    thread.join(20)
    run = get_run(home, run.id)
    assert (run.state, run.requested_action) == ("stopped", "")
    assert run.progress.epochs_done < 4
    assert (home.runs / run.id / "results.json").exists()
    assert engine.closed_at is not None


def slow(engine: FakeEngine) -> Callable[[int], None]:
    """Steps that take long enough for a request to be read."""
    ticking = threading.Event()
    return lambda step: ticking.wait(0.2) and None


def test_a_run_stopped_before_its_first_epoch_has_no_model(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    engine.before = gate = Gate(1)
    run = put_run("first")
    thread = in_background(home, run)
    assert gate.reached.wait(20)
    stop(home, run.id)
    engine.before = slow(engine)
    gate.opened.set()
    thread.join(20)
    assert get_run(home, run.id).state == "stopped"
    assert not (home.runs / run.id / "results.json").exists()
    assert "no model to keep" in read_events(home, run.id)[-1].sentence


def interrupted_at(home: Home, put_run: Callable[..., Run], engine: FakeEngine, step: int) -> Run:
    closing = threading.Event()
    engine.before = lambda at: closing.set() if at == step else None
    run = put_run("broken")
    assert execute_run(home, run.id, is_closing=closing.is_set).state == "interrupted"
    engine.before = lambda at: None
    return run


@pytest.mark.parametrize("step", [1, 3, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 1, 4 * STEPS_PER_EPOCH])
def test_a_resumed_run_has_the_history_of_an_unbroken_one(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, step: int
):
    unbroken = execute_run(home, put_run("unbroken").id)
    broken = interrupted_at(home, put_run, engine, step)
    resume(home, broken.id)
    assert execute_run(home, broken.id).state == "finished"
    assert rows_of(home, broken.id) == rows_of(home, unbroken.id)
    assert read_history(home, broken.id) == read_history(home, unbroken.id)


def test_steps_after_the_checkpoint_are_reported_once(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    """As after kill -9: the history is ahead of the checkpoint that the run goes on from."""
    unbroken = execute_run(home, put_run("unbroken").id)
    broken = interrupted_at(home, put_run, engine, 14)
    (home.runs / broken.id / "last" / "step").write_text("1 7")
    resume(home, broken.id)
    again = execute_run(home, broken.id)
    assert again.progress.rewound == 1
    assert rows_of(home, broken.id) == rows_of(home, unbroken.id)
    assert read_history(home, broken.id) == read_history(home, unbroken.id)
    assert [kind for _, _, kind, _ in read_events(home, broken.id)].count("epoch") == 4


def test_an_error_that_a_user_can_mend_is_said_in_its_sentence(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    def refuse(step: int) -> None:
        raise GraftError("The photo has gone.", "Import it again.")

    engine.before = refuse
    run = execute_run(home, put_run("first").id)
    assert (run.state, run.error) == ("failed", "The photo has gone. Import it again.")


def test_an_unforeseen_error_fails_the_run_and_leaves_its_traceback_in_the_log(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    def crash(step: int) -> None:
        raise RuntimeError("shapes do not agree")

    engine.before = crash
    run = execute_run(home, put_run("first").id)
    assert run.state == "failed"
    assert run.error.startswith("Something in Graft went wrong: RuntimeError: shapes do not agree.")
    assert "Traceback" in (home.runs / run.id / "log.txt").read_text()


def test_a_full_disk_is_said_and_the_run_goes_on_from_its_checkpoint(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    def fill(step: int) -> None:
        if step == STEPS_PER_EPOCH + 3:
            raise DiskFull("The disk is full.", "Free some room.")

    engine.before = fill
    run = execute_run(home, put_run("first").id)
    assert (run.state, run.error) == ("failed", "The disk is full. Free some room.")
    engine.before = lambda step: None
    resume(home, run.id)
    assert execute_run(home, run.id).state == "finished"
    assert [row[1] for row in rows_of(home, run.id) if row[0] == "loss/train"] == list(range(1, 21))


def test_a_disk_that_really_is_full_still_has_room_for_the_last_words(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    monkeypatch.setenv("GRAFT_HOME", str(small_disk / "home"))
    home = open_home()
    monkeypatch.setattr("core.execution.recorder.FLUSH_SECONDS", 0.0)
    engine, put_run = request.getfixturevalue("engine"), put_run_in(home)

    def fill(step: int) -> None:
        if step == STEPS_PER_EPOCH + 3:
            with contextlib.suppress(OSError), (small_disk / "films").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))

    engine.before = fill
    run = execute_run(home, put_run("first").id)
    assert run.state == "failed"
    assert "is full. Free some room and try again" in run.error

    (small_disk / "films").unlink()
    engine.before = lambda step: None
    resume(home, run.id)
    assert execute_run(home, run.id).state == "finished"
    assert [row[1] for row in rows_of(home, run.id) if row[0] == "loss/train"] == list(range(1, 21))


def test_a_loss_that_is_no_number_before_the_first_epoch_fails_the_run(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    def unstable(job: object):
        yield Stepped(1, 1, 0, 8, math.inf, None, {"head": 1.0})
        yield Ended("unstable", 1, 1)

    monkeypatch.setattr("core.execution.run_loop.train", unstable)
    run = execute_run(home, put_run("wild").id)
    assert run.state == "failed"
    assert "smaller learning rates" in run.error
    assert curves(home, run.id)["verdict"]["kind"] == "unstable"


def test_an_interrupted_run_that_is_stopped_is_only_scored(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    broken = interrupted_at(home, put_run, engine, STEPS_PER_EPOCH + 2)
    started = len(engine.started)
    stop(home, broken.id)
    assert execute_run(home, broken.id).state == "stopped"
    assert len(engine.started) == started
    assert (home.runs / broken.id / "results.json").exists()


def test_a_run_that_was_killed_while_its_best_epoch_took_its_place_is_stopped_with_it(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    broken = interrupted_at(home, put_run, engine, STEPS_PER_EPOCH + 2)
    best = home.runs / broken.id / "best"
    best.rename(best.with_name("best.old"))
    part = part_beside(best)
    part.mkdir()
    monkeypatch.setattr("core.execution.run_loop.evaluate_best", lambda job, progress: next(job.folder.glob("best")))
    stop(home, broken.id)
    assert execute_run(home, broken.id).state == "stopped"
    assert best.is_dir()


def test_what_a_killed_run_left_half_made_goes_when_it_is_found(home: Home, put_run: Callable[..., Run]):
    run = put_run("lost", "running", FAR, until=9e12)
    folder = home.runs / run.id
    (folder / "best").mkdir()
    (folder / "best.old").mkdir()
    (folder / "reserve").write_bytes(b"room")
    killed = "import sys; from pathlib import Path; from core.home import part_beside;"
    killed += "part_beside(Path(sys.argv[1])).mkdir()"
    subprocess.run([sys.executable, "-c", killed, str(folder / "last")], check=True)
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET lease_until = 0")
    assert [run.state for run in list_runs(home)] == ["interrupted"]
    assert [entry.name for entry in folder.iterdir()] == ["best"]


def test_a_database_that_another_program_holds_stops_no_training_and_loses_no_point(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    flush, held = Recorder.flush, []

    def flush_unless_held(recorder: Recorder) -> None:
        if engine.started and len(held) < 3 and recorder.view.progress.step in (3, 4, 5):
            held.append(recorder.view.progress.step)
            raise Busy("Another program has the database open.")
        flush(recorder)

    monkeypatch.setattr(Recorder, "flush", flush_unless_held)
    monkeypatch.setattr("core.execution.recorder.FLUSH_SECONDS", -1.0)
    monkeypatch.setattr("core.execution.recorder.BUSY_SECONDS", 0.0)
    run = execute_run(home, put_run("first").id)
    assert held == [3, 4, 5]
    assert run.state == "finished"
    assert {row[1] for row in rows_of(home, run.id) if row[0] == "loss/train"} == set(range(1, 21))


def test_a_run_that_another_process_took_over_writes_nothing_more(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine
):
    run = put_run("first")

    def take_over(step: int) -> None:
        if step == 3:
            with database(home, write=True) as db:
                db.execute("UPDATE runs SET lease_owner = 'another|1|1|x', lease_until = 9e12 WHERE id = ?", (run.id,))

    engine.before = take_over
    execute_run(home, run.id)
    assert get_run(home, run.id).state == "running", "it is the other process's word that counts"
    assert max((row[1] for row in rows_of(home, run.id)), default=0) <= 3


def test_runs_are_listed_while_one_trains(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    engine.before = gate = Gate(2)
    thread = in_background(home, put_run("first"))
    assert gate.reached.wait(20)
    assert [run.state for run in list_runs(home)] == ["running"]
    gate.opened.set()
    thread.join(20)


def test_a_run_teaches_the_estimate_what_it_really_took(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    distilled: list[tuple[float, float]] = []
    profile = CostProfile((0.0, 1.0, 2.0), (6.0, 4.0, 0.5), (0, 0, 0), (0, 0, 0), (1, 1))
    monkeypatch.setattr(run_loop, "trusted_cost_profile", lambda *_: profile)
    monkeypatch.setattr(run_loop, "record_actual", lambda home, plan, device, *both: distilled.append(both))
    monkeypatch.setattr(run_loop.OtherLoad, "share", lambda self: 0.0)
    execute_run(home, put_run("first").id)
    ((expected, took),) = distilled
    assert expected > took > 0, "the engine of this test takes no time"


@pytest.mark.parametrize("why", ["nothing was estimated", "others kept the machine busy"])
def test_a_run_that_says_nothing_about_the_machine_teaches_nothing(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, why: str
):
    profile = CostProfile((0.0, 1.0, 2.0), (6.0, 4.0, 0.5), (0, 0, 0), (0, 0, 0), (1, 1))
    quiet = why == "nothing was estimated"
    monkeypatch.setattr(run_loop, "trusted_cost_profile", lambda *_: None if quiet else profile)
    monkeypatch.setattr(run_loop, "record_actual", lambda *_: pytest.fail("nothing is to be learned"))
    monkeypatch.setattr(run_loop.OtherLoad, "share", lambda self: 0.0 if quiet else 0.9)
    assert execute_run(home, put_run("first").id).state == "finished"
