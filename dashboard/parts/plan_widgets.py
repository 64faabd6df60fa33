"""Widgets that show the plan and change it: the plan is the truth, a widget only shows it and says what was wanted."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import GraftError
from core.plans import Plan, checked
from dashboard import state

ERROR = "plan error"


def change_plan(edit: Callable[[Plan], Plan]) -> None:
    """Put `edit(plan)` in the plan's place; where that is no plan, say why and leave it as it was. For callbacks."""
    plan = state.current_plan()
    if plan is None:
        return
    try:
        state.set_plan(checked(edit(plan)))
    except GraftError as error:
        state.remember(ERROR, error)


def shows(name: str, value: Any, edit: Callable[[Plan, Any], Plan]) -> dict[str, Any]:
    """The arguments that tie a widget to the plan: it shows `value`, and a change of it becomes `edit(plan, new)`.

    `st.slider("Epochs", 1, 60, **shows("epochs", plan.epochs, set_epochs))`
    """
    key = f"plan_{name}"
    st.session_state[key] = value  # at each run: another widget, a recipe or a file may have changed the plan

    def changed() -> None:
        wanted = st.session_state[key]
        if wanted is not None:  # a segment that was clicked again is not a choice
            change_plan(lambda plan: edit(plan, wanted))

    return {"key": key, "on_change": changed}


def with_value(options: tuple, value: Any) -> list:
    """The options in order, with the value among them whatever it is."""
    return sorted({*options, value})


def updated(**changes: Any) -> Callable[[Plan], Plan]:
    return lambda plan: plan.model_copy(update=changes)
