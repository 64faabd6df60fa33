"""What happened so far, and who waits in the queue: both go on by themselves while something moves."""

import time

import streamlit as st

from core.runs import Run, list_runs, read_events
from dashboard.session import state
from dashboard.shared.run_status import state_pill
from dashboard.shared.texts import escape_html, pluralize

REFRESH_SECONDS = 5  # each look is a rerun, for a list that is closed most of the time
SHOWN = 60


def show_event_log(run: Run) -> None:
    """The run's story in words, the newest first."""
    with st.expander("What happened so far", icon=":material/history:"):
        st.fragment(lambda: _story(run.id), run_every=None if run.is_over else REFRESH_SECONDS)()


def _story(run_id: str) -> None:
    told = read_events(state.home(), run_id)
    lines = "".join(
        f"<li><time>{_clock(h.time)}</time><span>{escape_html(h.sentence)}</span></li>" for h in reversed(told[-SHOWN:])
    )
    more = f'<p class="muted small">and {len(told) - SHOWN:,} before</p>' if len(told) > SHOWN else ""
    st.html(f'<ul class="event-log">{lines}</ul>{more}')


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def show_queue(shown: Run) -> None:
    """The other runs that train or wait, with a way to each."""
    others = [run for run in list_runs(state.home()) if not run.is_over and run.id != shown.id]
    if not others:
        return
    others.sort(key=lambda run: (run.state == "queued", run.created))
    with st.expander(f"{pluralize(len(others), 'other run')} in the queue", icon=":material/low_priority:"):
        for run in others:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.html(f"{state_pill(run)} &nbsp; {escape_html(run.name)}", width="content")
                st.button("Look", key=f"look_{run.id}", on_click=state.open_run, args=(run,))
