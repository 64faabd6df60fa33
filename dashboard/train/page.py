"""Step 4: one run, live. The charts draw themselves; this script only redraws when the run's state changed."""

import streamlit as st

from core.runs import HAS_RESULTS, Run, has_best
from dashboard.components.live_chart import live_chart
from dashboard.navigation import show_empty_state
from dashboard.session import state
from dashboard.session.sharing import without_paths
from dashboard.shared.advice import show_advice_buttons
from dashboard.shared.run_status import state_pill
from dashboard.shared.texts import escape_markdown
from dashboard.train.event_log import show_event_log, show_queue
from dashboard.train.run_controls import show_controls, show_request_error


def page() -> None:
    run = state.current_run()
    if run is None:
        st.title("Nothing is learning yet", anchor=False)
        show_empty_state(
            "Once you start a plan, this screen shows how it learns: loss, accuracy and overfitting, live.",
            "Make a plan", "plan/page.py",
        )  # fmt: skip
        return
    _show_head(run)
    show_request_error()
    _show_state(run)
    task = _chosen_task(run)
    live_chart(run.id, run.name, run.state, task, on_changed=lambda: None)
    if run.state in HAS_RESULTS:
        show_advice_buttons(run, task)
    left, right = st.columns(2, gap="large")
    with left:
        show_event_log(run)
    with right:
        show_queue(run)


def _show_head(run: Run) -> None:
    with st.container(key="run_head", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            st.title(escape_markdown(run.name), anchor=False, width="content")
            st.html(state_pill(run), width="content")
        with st.container(horizontal=True, width="content"):
            show_controls(run)
            if run.state in HAS_RESULTS and has_best(state.home(), run.id):
                _show_results_button()


def _show_results_button() -> None:
    if st.button(
        "See how good it is", type="primary", icon=":material/arrow_forward:", icon_position="right", key="on"
    ):
        st.switch_page("results/page.py")


def _show_state(run: Run) -> None:
    """What a state other than running means, and what to do about it."""
    match run.state:
        case "interrupted":
            st.warning(
                "**It was interrupted**: Graft was closed or the computer went off. Nothing is lost: "
                "it goes on from where it last saved itself.", icon=":material/power_off:",
            )  # fmt: skip
        case "failed":
            st.error(f"**It could not go on.** {escape_markdown(without_paths(run.error))}", icon=":material/error:")
        case "stopped" if not has_best(state.home(), run.id):
            st.info("It was stopped before an epoch had ended, so there is no model to keep.", icon=":material/info:")


def _chosen_task(run: Run) -> str:
    """Which task the charts show; with a choice where the run has several."""
    if len(run.plan.tasks) == 1:
        return run.plan.tasks[0]
    chosen = st.segmented_control(
        "What the charts show", run.plan.tasks, default=run.plan.tasks[0], required=True, key="shown_task",
        format_func=escape_markdown,
    )  # fmt: skip
    return chosen or run.plan.tasks[0]


page()
