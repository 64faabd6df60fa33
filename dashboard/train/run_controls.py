"""What one can ask of a run in its present state."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.errors import GraftError
from core.home import Home
from core.runs import Run, pause, resume, stop
from dashboard.session import state
from dashboard.shared.texts import show_error

ERROR = "run error"


@dataclass(frozen=True)
class Control:
    label: str
    icon: str
    action: Callable[[Home, str], Run]
    primary: bool = False


PAUSE = Control("Pause", ":material/pause:", pause)
STOP = Control("Stop and keep the best", ":material/stop:", stop)
LEAVE = Control("Take it out of the queue", ":material/close:", stop)
GO_ON = Control("Go on training", ":material/play_arrow:", resume, primary=True)
CONTROLS: dict[str, tuple[Control, ...]] = {
    "queued": (LEAVE,),
    "running": (PAUSE, STOP),
    "paused": (GO_ON, STOP),
    "interrupted": (GO_ON, STOP),
    "failed": (GO_ON, STOP),
}


def show_controls(run: Run) -> None:
    for control in CONTROLS.get(run.state, ()):
        st.button(
            control.label,
            icon=control.icon,
            key=f"control_{control.label}",
            type="primary" if control.primary else "secondary",
            disabled=run.requested_action == "stop" and run.state == "running",
            on_click=_ask,
            args=(control, run.id),
        )


def _ask(control: Control, run_id: str) -> None:
    state.drop_tab_value(ERROR)
    try:
        control.action(state.home(), run_id)
    except GraftError as error:  # it may have ended in the moment between
        state.set_tab_value(ERROR, error)


def show_what_went_wrong() -> None:
    error = state.get_tab_value(ERROR)
    if isinstance(error, GraftError):
        show_error(error)
