"""What the live view draws, and how it is described."""

import json
from collections.abc import Callable

import pytest

from core.evaluation import NUCLEAR_NORM, TARGET_ACCURACY
from core.evaluation.metrics import DERIVED
from core.execution.run_loop import execute_run
from core.home import Home, database
from core.monitoring.live import curves
from core.monitoring.panels import _rate_lines, panels, thinned_curves
from core.monitoring.view import RunView
from core.objectives import CrossEntropy
from core.plans import set_target
from core.runs.journal import Point
from core.runs.types import Run, RunProgress
from core.tasks import Metric, MetricLine
from tests.fixtures.engine import make_plan
from tests.fixtures.runs import FakeEngine
from tests.fixtures.toy_objective import Compactness, compactness

__all__ = ["compactness"]


def rates(**stages: list[float]) -> dict[str, dict[str, list]]:
    return {f"rate/{name}": {"step": [1, 2], "mean": mean} for name, mean in stages.items()}


def test_each_panel_names_the_curves_that_the_answer_has(home: Home, put_run: Callable[..., Run], engine: FakeEngine):
    answer = curves(home, execute_run(home, put_run("first").id).id)
    assert [panel["id"] for panel in answer["panels"]] == ["loss", "accuracy", "gap", "rates"]
    lines = [line for panel in answer["panels"] for line in panel["lines"]]
    assert {line["curve"] for line in lines} <= set(answer["curves"])
    assert all(line["label"] and line["help"] and line["role"] for line in lines)
    assert [line["label"] for line in answer["panels"][-1]["lines"]] == ["head"], "a frozen stage has no line"


@pytest.mark.parametrize("known", [{NUCLEAR_NORM}, {NUCLEAR_NORM, TARGET_ACCURACY}])
def test_what_is_known_of_a_target_has_a_panel_of_its_own(known: set[str]):
    plan = set_target(make_plan(), "d2", 1)
    view = RunView(plan, "running", RunProgress())
    view.append_points([Point(f"species/{curve}", step, step / 10) for curve in sorted(known) for step in (4, 8)])
    drawn = thinned_curves(view, "species", None, None)
    [panel] = [panel for panel in panels(view, "species", drawn) if panel["id"] == "target"]
    assert {line["curve"] for line in panel["lines"]} == known
    assert all(drawn[curve]["mean"] == [0.4, 0.8] for curve in known)
    assert panel["unit"] == "share"


def test_learned_weights_of_labels_are_lines_of_one_panel_and_each_label_has_its_own_steps():
    plan = make_plan(tasks=("species", "health"), objectives=(CrossEntropy(learn_task_weights=True),))
    view = RunView(plan, "running", RunProgress())
    names = [f"objective/cross_entropy/weight/{task}" for task in plan.tasks]
    view.append_points([Point(name, 1, 1.0) for name in (*names, "loss/train", "health/loss/train")])
    view.append_points([Point("health/loss/train", 2, 0.5)])
    drawn = thinned_curves(view, "health", None, None)
    [panel] = [each for each in panels(view, "health", drawn) if each["title"] == "How much each label counts"]
    assert [(line["curve"], line["label"]) for line in panel["lines"]] == list(zip(names, plan.tasks, strict=True))
    assert drawn["loss/train"]["mean"] == [1.0, 0.5]
    assert thinned_curves(view, "species", None, None)["loss/train"]["mean"] == [1.0]  # a run of before


def test_a_new_metric_is_drawn_by_its_entry_alone(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    change = MetricLine("change", "rise", "difference", "change", "how far validation loss moved")
    new = Metric("change", "Change", "Down is better.", "lower", "nats", "", (change,))
    monkeypatch.setattr("core.evaluation.metrics.DERIVED", (*DERIVED, new))
    answer = curves(home, execute_run(home, put_run("first").id).id)
    assert answer["panels"][3] == {
        "id": "change", "title": "Change", "help": "Down is better.", "unit": "nats", "scale": "linear",
        "lines": [{"curve": "change", "label": "change", "help": "how far validation loss moved",
                   "role": "difference"}],
    }  # fmt: skip
    assert answer["curves"]["change"]["mean"] == [0.0] * 4
    json.dumps(answer, allow_nan=False)


def test_what_objectives_report_is_drawn_without_a_word_about_them_here(
    home: Home, put_run: Callable[..., Run], engine: FakeEngine, compactness: type[Compactness]
):
    run = put_run("first")
    plan = run.plan.model_copy(update={"objectives": (CrossEntropy(), compactness())})
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET plan = ? WHERE id = ?", (plan.model_dump_json(), run.id))
    answer = curves(home, run.id)
    terms, radius = answer["panels"][3:5]
    assert [line["label"] for line in terms["lines"]] == ["Cross-entropy", "Compactness"]
    assert (radius["title"], radius["lines"][0]["curve"]) == ("Radius of the features", "objective/compactness/radius")
    assert {line["curve"] for panel in (terms, radius) for line in panel["lines"]} <= set(answer["curves"])
    assert len({panel["id"] for panel in answer["panels"]}) == len(answer["panels"])


def test_stages_that_move_together_are_one_line_and_the_head_has_its_own():
    found = _rate_lines(["stem", "one", "two", "head"], rates(stem=[1, 1], one=[1, 1], two=[2, 2], head=[2, 2]))
    assert [line["label"] for line in found] == ["stem to one", "two", "head"]
    assert found[0]["help"] == "learning rate of stem, one"
    assert found[0]["curve"] == "rate/stem"
