"""Buttons for what can be requested of a run in its present state."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.errors import GraftError
from core.home import Home
from core.runs import Run, pause, resume, stop
from dashboard.session import state
from dashboard.shared.texts import show_error

REQUEST_ERROR = "run error"


@dataclass(frozen=True)
class Control:
    """A button. action: called with the home and the run's id."""

    label: str
    icon: str
    action: Callable[[Home, str], Run]
    primary: bool = False


PAUSE = Control("Pause", ":material/pause:", pause)
STOP = Control("Stop and keep the best", ":material/stop:", stop)
DEQUEUE = Control("Take it out of the queue", ":material/close:", stop)
RESUME = Control("Go on training", ":material/play_arrow:", resume, primary=True)
CONTROLS: dict[str, tuple[Control, ...]] = {
    "queued": (DEQUEUE,),
    "running": (PAUSE, STOP),
    "paused": (RESUME, STOP),
    "interrupted": (RESUME, STOP),
    "failed": (RESUME, STOP),
}


def show_controls(run: Run) -> None:
    for control in CONTROLS.get(run.state, ()):
        st.button(
            control.label,
            icon=control.icon,
            key=f"control_{control.label}",
            type="primary" if control.primary else "secondary",
            disabled=run.requested_action == "stop" and run.state == "running",
            on_click=_request,
            args=(control, run.id),
        )


def _request(control: Control, run_id: str) -> None:
    state.drop_tab_value(REQUEST_ERROR)
    try:
        control.action(state.home(), run_id)
    except GraftError as error:  # the run may have ended since the button was drawn
        state.set_tab_value(REQUEST_ERROR, error)


def show_request_error() -> None:
    """Why the last request was refused, if it was."""
    error = state.get_tab_value(REQUEST_ERROR)
    if isinstance(error, GraftError):
        show_error(error)
