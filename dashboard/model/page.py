"""Step 2: which pretrained network to build on."""

import streamlit as st

from dashboard.glossary import TRANSFER_EXAMPLE
from dashboard.model.gallery import show_choice, show_gallery
from dashboard.session import state
from dashboard.shared.job_progress import show_running_jobs, take_finished_job
from dashboard.shared.texts import show_note


def page() -> None:
    downloaded = take_finished_job("download")
    if downloaded is not None:
        state.choose_card(downloaded.result)
        state.flash(f"{downloaded.result.title} is here and chosen.")
        st.rerun()
    st.title("Which network knows enough already?")
    show_note(
        "Each of these has learned from other photos. You keep what it knows and teach it your classes. Bigger ones "
        "see more and take longer."
    )
    show_note(TRANSFER_EXAMPLE)
    show_running_jobs("download")
    left, right = st.columns([2.1, 1], gap="large")
    with right:
        show_choice()
    with left:
        show_gallery()


page()
