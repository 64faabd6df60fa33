"""What to try after a run, each with a button that does it."""

import streamlit as st

from core.datasets import Dataset
from core.errors import GraftError
from core.evaluation import Verdict
from core.monitoring import read_verdict
from core.plans import REMEDIES, Advice, Plan
from core.runs import Run
from dashboard.session import state
from dashboard.shared.texts import escape_html, show_error

# Advice that a person follows elsewhere: the button's label, and its page.
ELSEWHERE: dict[Advice, tuple[str, str]] = {
    "more photos": ("Add photos", "photos/page.py"),
}


def show_advice(run: Run, task: str) -> None:
    """What the curves of a run that is over say, and a button for each thing to try."""
    verdict = read_verdict(state.home(), run.id, task)
    with st.container(key="card_advice", horizontal=True, vertical_alignment="center", wrap=True):
        st.html(
            f'<p class="muted"><b class="loud">{escape_html(verdict.title)}.</b> {escape_html(verdict.remedy)}</p>',
            width="stretch",
        )
        _show_buttons(run, verdict)


def show_advice_buttons(run: Run, task: str) -> None:
    """The buttons alone, where the words stand already."""
    with st.container(horizontal=True, gap="small"):
        _show_buttons(run, read_verdict(state.home(), run.id, task))


def _show_buttons(run: Run, verdict: Verdict) -> None:
    pressed = [advice for advice in verdict.advice if _show_button(run.plan, advice)]
    for advice in pressed:
        follow_advice(run, advice)


def _show_button(plan: Plan, advice: Advice) -> bool:
    """Show the button of an advice that can be followed; returns whether it was pressed."""
    if advice in ELSEWHERE:
        label = ELSEWHERE[advice][0]
    elif REMEDIES[advice].change(plan) != plan:
        label = REMEDIES[advice].label
    else:
        return False
    return st.button(label, key=f"advice_{advice}", icon=":material/arrow_forward:", icon_position="right")


def follow_advice(run: Run, advice: Advice) -> None:
    """Open the page on which the advice is followed, with the plan that it makes of the run's."""
    shown = state.current_dataset()
    state.open_run(run)
    if advice in ELSEWHERE:
        st.switch_page(ELSEWHERE[advice][1])
    open_plan(run, REMEDIES[advice].change(run.plan), shown)


def open_plan(run: Run, plan: Plan, dataset: Dataset | None) -> None:
    """Open the plan page with a plan made of a run's, on the version of its photos that was in use."""
    if dataset is not None and dataset.id == run.plan.source.id:
        state.choose_dataset(dataset)
    try:
        state.set_plan(plan)
    except GraftError as error:
        show_error(error)
        return
    st.switch_page("plan/page.py")
