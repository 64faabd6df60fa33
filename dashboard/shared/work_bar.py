"""A bar for an import or a download that goes on in the background."""

from typing import Literal

import streamlit as st

from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.background_jobs import Work
from dashboard.shared.texts import in_bytes, in_seconds, plain, show_error


@st.fragment(run_every=0.5)
def _watch(work_id: str) -> None:
    """Draws the bar anew twice a second; when the work has ended the whole page is drawn anew."""
    work = background_jobs.find(work_id)
    if work is None or work.state != "running":
        st.rerun(scope="app")
        return
    _bar(work)
    if st.button("Cancel", key=f"cancel_{work.id}", type="tertiary", icon=":material/close:", disabled=not work.wanted):
        work.cancel()
        st.rerun(scope="fragment")


def _bar(work: Work) -> None:
    left = work.seconds_left()
    words = [plain(work.doing or "preparing"), count_in_words(work), f"{in_seconds(left)} left" if left else ""]
    if not work.wanted:
        words = ["stopping"]
    st.markdown(f"**{plain(work.title)}**")
    st.progress(work.share or 0.0, text=" · ".join(word for word in words if word))


def count_in_words(work: Work) -> str:
    """1,240 of 3,068, or 12 MB of 98 MB for a download."""
    if not work.total:
        return f"{work.done:,}" if work.done else ""
    if work.kind == "download" and work.total > 100_000:  # larger than any count of photos or files in a download
        return f"{in_bytes(work.done)} of {in_bytes(work.total)}"
    return f"{work.done:,} of {work.total:,}"


def show_running(kind: Literal["import", "download"]) -> None:
    """A bar for each piece of work of this kind that is going on, whoever started it."""
    for work in background_jobs.running(kind):
        with st.container(key=f"card_work_{work.id}"):
            _watch(work.id)


def take_ended(kind: Literal["import", "download"]) -> Work | None:
    """The work that this tab waited for, once it has ended well. When it has not, says why until one has read it."""
    work = background_jobs.find(state.current_work())
    if work is None or work.kind != kind or work.state == "running":
        return None
    if work.state == "failed" and work.error is not None:
        show_error(work.error)
        st.button("Understood", key="understood", on_click=state.wait_for, args=(None,))
        return None
    state.wait_for(None)
    if work.state == "cancelled":
        state.say(f"{work.title}: cancelled, nothing was kept.")
        st.rerun()
    return work
