"""The plan as a file: to see, to keep, to bring back."""

import streamlit as st

from core.backbones import get_card
from core.datasets import load_dataset
from core.errors import BadPlan, GraftError
from core.plans import Plan, parse_plan, without_target
from dashboard.plan.widgets import ERROR, refuse
from dashboard.session import state
from dashboard.session.sharing import is_local_only

UPLOAD = "plan_upload"
FILE = "file"  # the part of the page where a plan is brought back


def show_plan_file(plan: Plan) -> None:
    text = plan.model_dump_json(indent=2)
    with st.expander("The plan as a file", icon=":material/data_object:"):
        st.caption(
            "All that decides a run, and nothing else. The command line takes the same file: graft train --plan."
        )
        st.code(text, language="json", height=260)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.download_button(
                "Save the plan", text, "plan.json", "application/json", icon=":material/download:", on_click="ignore"
            )
        st.file_uploader("Bring a plan back", type="json", key=UPLOAD, on_change=_brought_back, max_upload_size=1)


def _brought_back() -> None:
    """Take over a plan file for the dataset in use. One that does not fit is refused in words, and nothing changes."""
    file = st.session_state[UPLOAD]
    current = state.current_plan()
    if file is None or current is None:
        return
    state.drop_tab_value(ERROR)
    try:
        plan = parse_plan(file.getvalue(), f'The plan file "{file.name}"')
        _refuse_files_of_this_computer(plan)
        chosen = get_card(plan.backbone.name)
    except GraftError as error:
        refuse(FILE, error)
        return
    state.choose_card(chosen)
    known = {task.name for task in dataset.tasks} if (dataset := state.current_dataset()) else set()
    tasks = tuple(task for task in plan.tasks if task in known) or current.tasks
    plan = _with_target_that_is_here(plan, current.source.id)
    datasets = (current.source, *((plan.target,) if plan.target else ()))
    state.set_plan(plan.model_copy(update={"datasets": datasets, "tasks": tasks}))
    state.flash(f"The plan of {file.name} is in place.")


def _with_target_that_is_here(plan: Plan, source_id: str) -> Plan:
    """Without a target that is not here, or whose photos are those to learn from."""
    if plan.target is None:
        return plan
    try:
        load_dataset(state.home(), plan.target.id, plan.target.version)
    except GraftError:
        return without_target(plan)
    return without_target(plan) if plan.target.id == source_id else plan


def _refuse_files_of_this_computer(plan: Plan) -> None:
    """Nobody at another computer says which file is opened here: the answer alone would tell what there is.

    Raises BadPlan.
    """
    teacher = plan.teacher.backbone if plan.teacher else None
    if (plan.backbone.file or (teacher and teacher.file)) and not is_local_only():
        raise BadPlan(
            "This plan names a file of weights, and Graft is shared: it opens no file that a plan names then.",
            "Use pretrained weights, or start Graft without --share-on-network.",
        )
