"""What happened so far, which refreshes itself while the run goes on, and the other runs of the queue."""

import time

import streamlit as st

from core.runs import Run, list_runs, read_events
from dashboard.session import state
from dashboard.session.sharing import without_paths
from dashboard.shared.run_status import state_pill
from dashboard.shared.texts import escape_html, pluralize

REFRESH_SECONDS = 5  # each refresh is a rerun, for a list that is closed most of the time
MAX_SHOWN = 60


def show_event_log(run: Run) -> None:
    """The run's events in words, the newest first."""
    with st.expander("What happened so far", icon=":material/history:"):
        st.fragment(lambda: _show_events(run.id), run_every=None if run.is_over else REFRESH_SECONDS)()


def _show_events(run_id: str) -> None:
    events = read_events(state.home(), run_id)
    lines = "".join(
        f"<li><time>{_clock(event.time)}</time><span>{escape_html(without_paths(event.sentence))}</span></li>"
        for event in reversed(events[-MAX_SHOWN:])
    )
    more = f'<p class="muted small">and {len(events) - MAX_SHOWN:,} before</p>' if len(events) > MAX_SHOWN else ""
    st.html(f'<ul class="event-log">{lines}</ul>{more}')


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def show_queue(shown: Run) -> None:
    """The other runs that train or wait, with a button to open each."""
    others = [run for run in list_runs(state.home()) if not run.is_over and run.id != shown.id]
    if not others:
        return
    others.sort(key=lambda run: (run.state == "queued", run.created))
    with st.expander(f"{pluralize(len(others), 'other run')} in the queue", icon=":material/low_priority:"):
        for run in others:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.html(f"{state_pill(run)} &nbsp; {escape_html(run.name)}", width="content")
                st.button("Look", key=f"look_{run.id}", on_click=state.open_run, args=(run,))
