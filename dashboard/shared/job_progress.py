"""Imports and downloads as pages see them: started, shown as a bar, and taken over once they are done."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.home import Progress
from core.units import format_bytes, format_duration
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.background_jobs import BackgroundJob, JobKind
from dashboard.shared.texts import escape_markdown, show_error


def start_and_watch(kind: JobKind, subject: str, title: str, work: Callable[[Progress], Any]) -> None:
    """Start a job, let this tab wait for it, and run the script anew."""
    state.watch_job(background_jobs.start(kind, subject, title, work).id)
    st.rerun()


def show_running_jobs(kind: JobKind) -> None:
    """Show a bar for each running job of this kind, whoever started it."""
    for job in background_jobs.running(kind):
        show_job(job.id)


def show_job(job_id: str) -> None:
    """Show the bar of one job; when it has ended, the whole script runs anew."""
    with st.container(key=f"card_job_{job_id}"):
        _watch(job_id)


def show_running_job(job: BackgroundJob) -> None:
    """The same without a card of its own, in one that says what it is about."""
    _watch(job.id)


@st.fragment(run_every=0.5)
def _watch(job_id: str) -> None:
    """Redraw the bar twice a second; when the job has ended, run the whole script anew."""
    job = background_jobs.get(job_id)
    if job is None or job.state != "running":
        st.rerun(scope="app")
        return
    _show_bar(job)
    if st.button(
        "Cancel",
        key=f"cancel_{job.id}",
        type="tertiary",
        icon=":material/close:",
        disabled=job.is_cancel_requested,
    ):
        job.cancel()
        st.rerun(scope="fragment")


def _show_bar(job: BackgroundJob) -> None:
    fraction, left = job.fraction or 0.0, job.seconds_left()
    words = [
        escape_markdown(job.activity or "preparing"),
        count_in_words(job),
        f"{format_duration(left)} left" if left else "",
    ]
    if job.is_cancel_requested:
        words = ["stopping"]
    st.markdown(f"**{escape_markdown(job.title)}**")
    st.progress(fraction, text=" · ".join(word for word in words if word))


def count_in_words(job: BackgroundJob) -> str:
    """1,240 of 3,068, or 12 MB of 98 MB for a download."""
    if not job.total:
        return f"{job.done:,}" if job.done else ""
    if job.kind == "download" and job.total > 100_000:  # larger than any count of photos or files in a download
        return f"{format_bytes(job.done)} of {format_bytes(job.total)}"
    return f"{job.done:,} of {job.total:,}"


def take_finished_job(kind: JobKind) -> BackgroundJob | None:
    """The job that this tab waited for, once it is done. A failed one shows its error until that was dismissed."""
    if failed := failed_job(kind):
        show_failed_job(failed)
        return None
    job = background_jobs.get(state.watched_job())
    if job is None or job.kind != kind or job.state == "running":
        return None
    state.watch_job(None)
    if job.state == "cancelled":
        state.flash(f"{job.title}: cancelled, nothing was kept.")
        st.rerun()
    return job


def failed_job(kind: JobKind) -> BackgroundJob | None:
    """The job that this tab waited for, when it failed and that was not dismissed yet."""
    job = background_jobs.get(state.watched_job())
    return job if job is not None and job.kind == kind and job.state == "failed" else None


def show_failed_job(job: BackgroundJob) -> None:
    """Show why a job failed, with a button that dismisses it."""
    if job.error is not None:
        show_error(job.error)
    st.button("Understood", key="understood", on_click=state.watch_job, args=(None,))
