"""What a user asks of a run, and what is refused with a sentence."""

import time
from collections.abc import Callable

import pytest

from core.errors import BadInput, NotFound, Refused
from core.home import Home, database
from core.runs.event_log import read_events
from core.runs.store import delete_run, get_run, list_runs, pause, rename_run, resume, stop, waits_for
from core.runs.types import Run

FAR = "another-machine|77|1.0|abc"


@pytest.fixture
def running(put_run: Callable[..., Run]) -> Run:
    return put_run("at work", "running", FAR, until=time.time() + 20)


def test_a_run_is_found_by_id_beginning_and_name(home: Home, put_run: Callable[..., Run]):
    run = put_run("Clothes, top of ResNet")
    for said in (run.id, run.id[:8], "clothes, top of resnet"):
        assert get_run(home, said).id == run.id


def test_an_unknown_run_is_answered_with_those_there_are(home: Home, put_run: Callable[..., Run]):
    put_run("leaves")
    with pytest.raises(NotFound, match='There is no run "leafs". The latest are "leaves".'):
        get_run(home, "leafs")


def test_the_newest_run_comes_first(home: Home, put_run: Callable[..., Run]):
    old, new = put_run("old"), put_run("new")
    assert [run.id for run in list_runs(home)] == [new.id, old.id]
    assert old.dataset_name == "clothes"


def test_wishes_reach_the_process_that_trains(home: Home, running: Run):
    assert pause(home, running.id).requested_action == "pause"
    assert resume(home, running.id).requested_action == ""
    assert stop(home, running.id).requested_action == "stop"
    assert resume(home, running.id).requested_action == "stop", "a stop is not taken back"


def test_a_waiting_run_says_what_it_waits_for(home: Home, running: Run, put_run: Callable[..., Run]):
    second, third = put_run("second"), put_run("third")
    assert waits_for(home, second) == 'Waits for "at work".'
    assert waits_for(home, third) == 'Waits for "at work" and 1 more.'
    assert waits_for(home, running) == ""


def test_a_run_behind_a_paused_one_says_so(home: Home, put_run: Callable[..., Run]):
    put_run("held", "paused", FAR, until=time.time() + 20)
    behind = put_run("behind")
    assert waits_for(home, behind) == 'Waits for "held", which is paused: resume or stop that one first.'


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_what_ended_badly_is_queued_again(home: Home, put_run: Callable[..., Run], state: str):
    again = resume(home, put_run("again", state).id)
    assert (again.state, again.error, again.ended) == ("queued", "", None)


@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_what_is_done_is_not_resumed(home: Home, put_run: Callable[..., Run], state: str):
    run = put_run("done", state)
    with pytest.raises(Refused, match=f'"done" is {state}: there is nothing left to go on with'):
        resume(home, run.id)
    with pytest.raises(Refused, match=f'"done" is {state}: there is nothing to pause'):
        pause(home, run.id)
    with pytest.raises(Refused, match=f'"done" is {state} already'):
        stop(home, run.id)


def test_a_waiting_run_leaves_the_queue_when_stopped(home: Home, put_run: Callable[..., Run]):
    run = stop(home, put_run("waiting").id)
    assert run.state == "stopped"
    assert "no model to keep" in read_events(home, run.id)[-1].sentence


def test_an_interrupted_run_with_a_model_is_scored_when_stopped(home: Home, put_run: Callable[..., Run]):
    run = put_run("half done", "interrupted")
    (home.runs / run.id / "best").mkdir()
    assert (stop(home, run.id).state, get_run(home, run.id).requested_action) == ("queued", "stop")


def test_a_running_run_is_not_deleted(home: Home, running: Run):
    with pytest.raises(Refused, match='"at work" is running. Stop it first'):
        delete_run(home, running.id)
    assert get_run(home, running.id).state == "running"


def test_a_deleted_run_leaves_nothing_behind(home: Home, put_run: Callable[..., Run]):
    run = put_run("done", "finished")
    (home.runs / run.id / "results.json").write_text("{}")
    with database(home, write=True) as db:
        db.execute("UPDATE datasets SET hidden = 1 WHERE id = 'd1'")  # deleted while the run was there
    delete_run(home, run.id)
    assert not (home.runs / run.id).exists()
    with database(home) as db:
        assert db.execute("SELECT count(*) FROM datasets").fetchone()[0] == 0
    with pytest.raises(NotFound):
        get_run(home, run.id)


def test_names_are_kept_apart(home: Home, put_run: Callable[..., Run]):
    first, second = put_run("first"), put_run("second")
    assert rename_run(home, first.id, "  my   leaves ").name == "my leaves"
    with pytest.raises(Refused, match='Another run is called "My Leaves"'):
        rename_run(home, second.id, "My Leaves")
    with pytest.raises(BadInput, match="1 to 120 letters"):
        rename_run(home, second.id, "   ")
