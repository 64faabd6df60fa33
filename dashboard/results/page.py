"""Step 5: how good the kept model is, where it errs, and what the test photos say."""

import streamlit as st

from core.datasets import Split
from core.evaluation import Result, TaskResult
from core.execution import RunResults, open_results
from core.runs import Run
from dashboard.navigation import show_empty_state
from dashboard.results.compare_runs import show_comparison
from dashboard.results.other_place import show_other_place
from dashboard.results.result_figures import show_figures
from dashboard.results.scratch import show_from_scratch
from dashboard.results.together import show_together
from dashboard.results.viewers import viewer_of
from dashboard.session import state
from dashboard.shared.advice import show_advice
from dashboard.shared.texts import escape_markdown, show_note


def page() -> None:
    run = state.current_run()
    st.title("How good is it?", anchor=False)
    if run is None:
        show_empty_state(
            "Here one sees what a trained model can and cannot do. None is trained yet.", "Make a plan", "plan/page.py"
        )
        return
    model = open_results(state.home(), run)
    if model.result is None:
        show_empty_state(_why_nothing(run), "Watch it learn", "train/page.py")
        return
    show_note(run.name)
    _show_result(model, model.result)


def _show_result(model: RunResults, result: Result) -> None:
    name = _chosen_task(model)
    task, of_task = model.dataset.task(name), result.task(name)
    show_figures(model.run, of_task, result.kept_in_words, len(model.dataset.indices("test")))
    show_advice(model.run, name)
    show_together(model.run)
    viewer_of(task)(model, task, of_task.splits[_chosen_split(of_task)])
    show_other_place(model, task)
    show_comparison(model, name)
    show_from_scratch(model.run, name)


def _chosen_task(model: RunResults) -> str:
    if len(model.tasks) == 1:
        return model.tasks[0]
    return st.segmented_control(
        "What it tells", model.tasks, default=model.tasks[0], required=True, key="result_task",
        format_func=escape_markdown,
    ) or model.tasks[0]  # fmt: skip


def _chosen_split(result: TaskResult) -> Split:
    """Which photos the rest of the page is about; asked once the test photos were opened."""
    if result.test is None:
        return "validation"
    splits: list[Split] = ["validation", "test"]
    return st.segmented_control(
        "Shown below", splits, default="validation", required=True, key="result_split",
        format_func=lambda split: f"{split} photos",
    ) or "validation"  # fmt: skip


def _why_nothing(run: Run) -> str:
    match run.state:
        case "running" | "paused" | "queued":
            return f"“{run.name}” is not done yet. Its results come when it has finished, or when you stop it."
        case "interrupted" | "failed":
            return f"“{run.name}” did not get to its end. Let it go on, or stop it to see how good its best epoch is."
    return f"“{run.name}” was stopped before an epoch had ended: there is no model to judge."


page()
