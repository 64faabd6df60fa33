"""What the page of a run asks for once a second."""

import json
import time
from collections.abc import Callable

import pytest

from core.errors import NotFound
from core.execution.run_loop import execute_run
from core.home import Home, database
from core.monitoring.live import curves, read_history, read_stored_view, read_verdict
from core.runs.journal import Entry, Point, save_entries
from core.runs.types import Run
from tests.fixtures.runs import FakeEngine


@pytest.fixture
def finished(home: Home, put_run: Callable[..., Run], engine: FakeEngine) -> Run:
    return execute_run(home, put_run("first").id)


def test_the_answer_has_all_that_the_chart_draws(home: Home, finished: Run):
    answer = curves(home, finished.id)
    assert (answer["state"], answer["steps"], answer["steps_total"], answer["steps_per_epoch"]) == (
        "finished",
        20,
        20,
        5,
    )
    assert (answer["epoch"], answer["epochs"]) == (4, 4)
    assert answer["progress"]["best"] == {"epoch": 4, "step": 20, "accuracy_text": "50.0 % ± 9.6"}
    drawn = answer["curves"]
    assert set(drawn) == {
        "loss/train", "loss/train_clean", "loss/validation", "accuracy/train", "accuracy/train_clean",
        "accuracy/validation", "gap", "rise", "rate/stem", "rate/head",
    }  # fmt: skip
    assert drawn["loss/train"]["step"] == list(range(1, 21))
    assert drawn["loss/validation"]["step"] == [5, 10, 15, 20]
    assert drawn["loss/validation"]["mean"] == [1, 0.5, 0.333333, 0.25]
    assert drawn["accuracy/train_clean"]["mean"] == [0.5] * 4
    assert drawn["gap"]["mean"] == [0.1] * 4
    assert drawn["gap"]["low"][0] == pytest.approx(0.1 - 1.96 * 0.02, abs=1e-4)
    assert [name for name in drawn if name.startswith("rate/")] == ["rate/stem", "rate/head"], "from stem to head"
    assert drawn["rate/stem"] == {"step": [1, 20], "mean": [0, 0]}, "a rate that stays is still drawn to the end"
    assert answer["marks"] == {"best_step": 20, "phases": [{"step": 0, "name": "head"}, {"step": 5, "name": "top"}]}
    assert answer["verdict"]["kind"] == "still learning"
    json.dumps(answer, allow_nan=False)


def test_a_rate_that_stays_is_drawn_through_a_part_that_was_zoomed_into(home: Home, finished: Run):
    for start, stop, end in ((8, 12, 12), (12, 40, 20)):
        drawn = curves(home, finished.id, start=start, stop=stop)["curves"]["rate/stem"]
        assert drawn == {"step": [1, end], "mean": [0, 0]}


def test_nothing_new_is_answered_with_nothing(home: Home, finished: Run):
    seen = curves(home, finished.id)["seen"]
    assert curves(home, finished.id, seen) is None
    assert curves(home, finished.id, seen - 1) is not None


def test_memory_and_database_tell_the_same(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    run = put_run("first")
    live: list[dict] = []
    execute_run(home, run.id, lambda event: live.append(curves(home, run.id)))
    stored = curves(home, run.id)
    assert live[-1]["curves"] == stored["curves"]
    assert live[-1]["marks"] == stored["marks"]
    assert len({answer["seen"] for answer in live}) >= 24, "each step and each epoch is new"


def test_a_run_that_another_process_trains_is_read_as_it_grows(home: Home, finished: Run):
    before = curves(home, finished.id)
    with database(home, write=True) as db:
        save_entries(db, finished.id, [Entry([Point("loss/train", 21, 0.5)])])
        db.execute(
            "UPDATE runs SET progress = json_set(progress, '$.step', 21), state = 'running', "
            "lease_owner = 'other|1|1|1', lease_until = 9e12"
        )
    after = curves(home, finished.id, before["seen"])
    assert (after["state"], after["steps"]) == ("running", 21)
    assert after["curves"]["loss/train"]["step"] == list(range(1, 22))


def test_a_zoom_gets_what_lies_between_its_steps(home: Home, finished: Run):
    assert curves(home, finished.id, start=7, stop=9)["curves"]["loss/train"]["step"] == [6, 7, 8, 9, 10]


def test_a_waiting_run_answers_with_empty_curves(home: Home, put_run: Callable[..., Run]):
    answer = curves(home, put_run("first").id)
    assert answer["curves"]["loss/train"]["step"] == []
    assert answer["verdict"]["kind"] == "too early"
    assert answer["progress"]["waits_for"] == "Next in the queue: it begins in a moment."


def test_an_unknown_run_has_no_curves(home: Home):
    with pytest.raises(NotFound):
        curves(home, "nothing")


def test_history_and_verdict_outlive_the_run(home: Home, finished: Run):
    assert len(read_history(home, finished.id, "label")) == 4
    assert read_verdict(home, finished.id).kind == "still learning"


def test_advice_fits_what_the_plan_leaves_to_freeze_and_to_free(home: Home, finished: Run, monkeypatch):
    asked: dict = {}
    monkeypatch.setattr("core.monitoring.view.verdict", lambda scores, reference, finite: asked.update(vars(reference)))
    view = read_stored_view(home, finished)
    for rates, possible in (((0.0, 0.0), (False, True)), ((0.0, 1e-3), (True, True)), ((1e-3, 1e-3), (True, False))):
        phases = tuple(phase.model_copy(update={"stage_rates": rates}) for phase in view.plan.phases)
        view.plan = view.plan.model_copy(update={"phases": phases})
        view._verdicts.clear()
        view.verdict("label")
        assert (asked["can_freeze"], asked["can_unfreeze"]) == possible


@pytest.mark.slow
def test_a_hundred_thousand_steps_are_answered_as_fast_as_a_hundred(home: Home, put_run: Callable[..., Run]):
    def seconds(steps: int) -> float:
        run = put_run(f"{steps} steps", "finished")
        with database(home, write=True) as db:
            points = [Point(name, step, 0.5) for name in ("loss/train", "accuracy/train") for step in range(1, steps)]
            save_entries(db, run.id, [Entry(points)])
        curves(home, run.id)  # reads them once
        began = time.process_time()
        for _ in range(10):
            curves(home, run.id)
        return (time.process_time() - began) / 10

    assert seconds(100_000) < seconds(1_000) + 0.05
