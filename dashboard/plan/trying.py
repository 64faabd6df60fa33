"""What the plan page tries out before a plan is trained: on a thread of the server, so that the page goes on."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.home import Progress
from core.plans import Plan
from dashboard.shared import background_jobs
from dashboard.shared.background_jobs import BackgroundJob
from dashboard.shared.job_progress import show_running_job
from dashboard.shared.texts import show_error


def subject_of(plan: Plan, what: str) -> str:
    """One trial at a time of these photos with this network; its result stays in sight when the plan changes."""
    return f"{what} {plan.source.id} {plan.source.version} {plan.backbone.name}"


def latest_trial(plan: Plan, what: str) -> BackgroundJob | None:
    """The trial of that name that runs or ran last, whoever started it."""
    return background_jobs.latest("trial", subject_of(plan, what))


def try_out(plan: Plan, what: str, label: str, title: str, work: Callable[[Progress], Any]) -> Any | None:
    """A button that starts the work, its bar while it runs, and what it gave once it is done; None before."""
    trial = latest_trial(plan, what)
    if trial and trial.state == "running":
        show_running_job(trial)
        return None
    if trial and trial.error:
        show_error(trial.error)
    if st.button("Try again" if trial else label, key=f"try_{what}", icon=":material/play_arrow:"):
        background_jobs.start("trial", subject_of(plan, what), title, work)
        st.rerun()
    return trial.result if trial else None
