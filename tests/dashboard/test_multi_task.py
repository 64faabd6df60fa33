"""Several labels at once, from the plan page to the results; and the same run from scratch beside it."""

from dataclasses import replace

from core.datasets import Dataset
from core.execution import submit_alone
from core.home import Home
from core.monitoring import gains_in_words, read_gains
from core.plans import balance_in_words, balance_of, from_scratch
from core.runs import Run, list_runs, stop
from core.tasks import PairedAccuracy
from tests.dashboard.conftest import words
from tests.dashboard.test_plan import STARTER, labelled, plan_of
from tests.fixtures.made_runs import made_plan, made_run


def test_how_much_each_label_counts_is_asked_where_there_are_several(open_page, two_tasks) -> None:
    app = open_page("plan", dataset=two_tasks.id, model=STARTER)
    title = "How much each label counts"
    assert title not in [each.label for each in app.expander]
    labelled(app.button_group, "What it learns to tell").set_value(["kind", "colour"]).run()
    assert title in [each.label for each in app.expander]
    assert "can neither help nor harm each other" in words(app)
    labelled(app.segmented_control, title).set_value("learned").run()
    assert balance_of(plan_of(app)) == "learned"
    assert "there is nothing to balance: free a stage" in words(app)
    labelled(app.segmented_control, title).set_value("by hand").run()
    labelled(app.number_input, "colour").set_value(0.5).run()
    assert balance_in_words(plan_of(app)) == "colour 0.5, kind 1"
    labelled(app.button_group, "What it learns to tell").set_value(["colour"]).run()
    assert not app.exception, app.exception[0].value
    assert balance_of(plan_of(app)) == "alike"


BOTH = ("kind", "colour")


def finished(home: Home, dataset: Dataset, *tasks: str, name: str) -> Run:
    return made_run(home, dataset, "finished", epochs=3, plan=made_plan(dataset, tasks=tasks), name=name)


def test_each_label_alone_is_queued_by_one_click_and_compared_in_a_table(open_page, home: Home, two_tasks) -> None:
    run = finished(home, two_tasks, *BOTH, name="both")
    app = open_page("results", run=run.id)
    app.button(key="learn_alone").click().run()
    assert not app.exception, app.exception[0].value
    queued = {each.name: each.plan for each in list_runs(home) if each.state == "queued"}
    assert queued == {f"both, {task} alone": made_plan(two_tasks, tasks=(task,)) for task in BOTH}
    assert words(app).count("waiting") == 2
    assert not [button for button in app.button if button.key == "learn_alone"]
    assert [each.id for each in submit_alone(home, run)] == [
        next(each.id for each in list_runs(home) if each.plan.tasks == (task,)) for task in BOTH
    ]


def test_what_learning_together_gave_is_said_with_margins(open_page, home: Home, two_tasks) -> None:
    run = finished(home, two_tasks, *BOTH, name="both")
    for task in BOTH:
        finished(home, two_tasks, task, name=f"{task} alone")
    app = open_page("results", run=run.id)
    assert "<b>0 ± " in words(app)
    assert "photos cannot tell: all differences lie within the margin." in words(app)
    gains = read_gains(home, run)
    decided = [replace(gain, comparison=PairedAccuracy(images=90, only_first=a, only_second=b, p=0))
               for gain, (a, b) in zip(gains, [(40, 1), (1, 40)], strict=True)]  # fmt: skip
    assert gains_in_words(run.plan, decided) == "Learning together helped kind and harmed colour, surely."
    assert gains_in_words(run.plan, decided[:1]) == "Learning together helped kind, surely."
    assert gains_in_words(made_plan(two_tasks, "feature-extraction", BOTH), decided).startswith(
        "Only the heads learned"
    )


def test_runs_to_compare_with_that_were_interrupted_go_on_and_those_that_failed_begin_anew(
    home: Home, two_tasks
) -> None:
    run = finished(home, two_tasks, *BOTH, name="both")
    interrupted = made_run(home, two_tasks, "interrupted", epochs=1, plan=made_plan(two_tasks, tasks=("kind",)))
    failed = made_run(home, two_tasks, "failed", epochs=1, plan=made_plan(two_tasks, tasks=("colour",)))
    kind, colour = submit_alone(home, run)
    assert (kind.id, kind.state) == (interrupted.id, "queued")
    assert (colour.id != failed.id, colour.state) == (True, "queued")


def test_a_run_of_one_label_is_asked_nothing_of_this(open_page, home: Home, two_tasks) -> None:
    run = finished(home, two_tasks, "kind", name="one")
    app = open_page("results", run=run.id)
    assert "Does learning together help?" not in [each.value for each in app.header]


def test_the_same_from_scratch_is_one_click_and_then_a_chart_with_a_sentence(open_page, home: Home, small) -> None:
    run = made_run(home, small, "finished", epochs=3)
    app = open_page("results", run=run.id)
    app.button(key="from_scratch").click().run()
    assert not app.exception, app.exception[0].value
    [queued] = [each for each in list_runs(home) if each.state == "queued"]
    assert (queued.plan, queued.name) == (from_scratch(run.plan), f"{run.name}, from scratch")
    assert "from scratch”: waiting." in words(app)
    stop(home, queued.id)
    made_run(home, small, "finished", epochs=4, plan=from_scratch(run.plan))
    app = open_page("results", run=run.id)
    assert "training with transfer was at" in words(app)
    assert len(app.get("plotly_chart")) == 1
    assert not [button for button in app.button if button.key == "from_scratch"]
