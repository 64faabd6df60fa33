"""The train page in each state of a run."""

import json

import pytest

from core.home import Home
from core.monitoring.live import curves
from core.runs.store import get_run
from tests.dashboard.conftest import words
from tests.fixtures.made_runs import made_plan, made_run

BUTTONS = {
    "queued": {"Take it out of the queue"},
    "running": {"Pause", "Stop and keep the best"},
    "paused": {"Go on training", "Stop and keep the best"},
    "interrupted": {"Go on training", "Stop and keep the best"},
    "failed": {"Go on training", "Stop and keep the best"},
    "finished": {"See how good it is"},
    "stopped": {"See how good it is"},
}


def labels(app) -> set[str]:
    return {button.label for button in app.button}


def chart(app) -> dict:
    payloads = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(payload for payload in payloads if "curves" in payload)


def test_with_no_run_the_page_says_what_to_do(open_page, small) -> None:
    app = open_page("train", dataset=small.id)
    assert app.title[0].value == "Nothing is learning yet"
    assert labels(app) == {"Make a plan"}


@pytest.mark.parametrize("state", BUTTONS)
def test_each_state_offers_what_can_be_done_in_it(open_page, small, home: Home, state: str) -> None:
    run = made_run(
        home, small, state, epochs=0 if state == "queued" else 3, error="The disk is full." * (state == "failed")
    )
    app = open_page("train", run=run.id)
    assert labels(app) & set().union(*BUTTONS.values()) == BUTTONS[state]


def test_the_live_view_is_told_where_to_ask_and_what_it_shows(open_page, small, home: Home) -> None:
    run = made_run(home, small, "running", epochs=3)
    reported = chart(open_page("train", run=run.id))
    assert reported["curves"] == f"/graft/runs/{run.id}/curves?task={run.plan.tasks[0].replace(' ', '%20')}"
    assert reported["state"] == "running"
    assert reported["plotly"].startswith("/graft/plotly-")


def test_what_the_live_view_asks_for_has_what_it_draws(small, home: Home) -> None:
    """The names that panels.js, axes.js and header.js read."""
    run = made_run(home, small, "running", epochs=3, plan=made_plan(small, "head-first"))
    answer = curves(home, run.id)
    for kind in ("loss", "accuracy"):
        assert {f"{kind}/train", f"{kind}/train_clean", f"{kind}/validation"} <= set(answer["curves"])
        assert answer["curves"][f"{kind}/validation"]["step"]
    assert {"step", "mean", "low", "high"} <= set(answer["curves"]["gap"])
    assert "rate/head" in answer["curves"]
    assert answer["marks"]["best_step"]
    assert [set(phase) for phase in answer["marks"]["phases"]] == [{"step", "name"}] * len(answer["marks"]["phases"])
    assert {"activity", "activity_in_words", "phase", "number", "phases", "epoch", "epochs", "images", "images_total",
            "images_per_second", "seconds_left", "best", "waits_for"} <= set(answer["progress"])  # fmt: skip
    assert {"kind", "title", "plain", "sentence", "remedy"} <= set(answer["verdict"])


def test_pause_asks_the_run_to_pause(open_page, small, home: Home) -> None:
    run = made_run(home, small, "running", epochs=2)
    app = open_page("train", run=run.id)
    app.button(key="control_Pause").click().run()
    assert get_run(home, run.id).requested_action == "pause"
    assert "pausing" in words(app)


def test_go_on_queues_an_interrupted_run_again(open_page, small, home: Home) -> None:
    run = made_run(home, small, "interrupted", epochs=2)
    app = open_page("train", run=run.id)
    assert "Nothing is lost" in app.warning[0].value
    app.button(key="control_Go on training").click().run()
    assert get_run(home, run.id).state == "queued"


def test_a_click_that_came_too_late_is_answered_with_a_sentence(open_page, small, home: Home) -> None:
    run = made_run(home, small, "running", epochs=2)
    app = open_page("train", run=run.id)
    from tests.fixtures.made_runs import _set

    _set(home, run, state="finished", lease_owner="")
    app.button(key="control_Pause").click().run()
    assert "nothing to pause" in app.error[0].value


def test_a_failed_run_says_why_letter_by_letter(open_page, small, home: Home) -> None:
    run = made_run(home, small, "failed", epochs=2, error="*Class* <b>x</b> went away.")
    app = open_page("train", run=run.id)
    assert r"\*Class\* \<b\>x\</b\> went away\." in app.error[0].value


def test_a_run_stopped_before_its_first_epoch_says_that_there_is_no_model(open_page, small, home: Home) -> None:
    run = made_run(home, small, "stopped")
    app = open_page("train", run=run.id)
    assert "no model to keep" in app.info[0].value
    assert "See how good it is" not in labels(app)


def test_the_story_is_told_in_words(open_page, small, home: Home) -> None:
    run = made_run(home, small, "finished", epochs=3)
    said = words(open_page("train", run=run.id))
    assert "Epoch 3 ended: " in said
    assert "Put into the queue." in said


def test_other_runs_in_the_queue_are_shown_with_a_way_to_them(open_page, small, home: Home) -> None:
    first = made_run(home, small, "running", epochs=2)
    second = made_run(home, small, "queued", name="<i>second</i>")
    app = open_page("train", run=first.id)
    assert "&lt;i&gt;second&lt;/i&gt;" in words(app)
    app.button(key=f"look_{second.id}").click().run()
    assert second.id in app.query_params["run"]


def test_a_run_of_two_tasks_asks_which_one_to_draw(open_page, home: Home, two_tasks) -> None:
    run = made_run(home, two_tasks, "running", epochs=2, plan=made_plan(two_tasks, tasks=("kind", "colour")))
    app = open_page("train", run=run.id)
    app.segmented_control(key="shown_task").set_value("colour").run()
    assert chart(app)["curves"].endswith("?task=colour")
