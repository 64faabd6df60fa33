"""Step 2: which pretrained network to build on."""

import streamlit as st

from dashboard.glossary import TRANSFER_EXAMPLE
from dashboard.model.gallery import show_choice, show_gallery
from dashboard.model.promises import promises_for
from dashboard.session import state
from dashboard.shared.job_progress import failed_job, take_finished_job
from dashboard.shared.texts import show_note


def page() -> None:
    downloaded = None if failed_job("download") else take_finished_job("download")  # a failure is said at its card
    if downloaded is not None:
        state.choose_card(downloaded.result)
        state.flash(f"{downloaded.result.title} is here and chosen.")
        st.rerun()
    st.title("Which network knows enough already?")
    show_note(
        "Each of these has learned from other photos. You keep what it knows and teach it your classes. The suggested "
        "one is a good beginning: you can go on at once."
    )
    show_note(TRANSFER_EXAMPLE)
    promises = promises_for(state.home(), state.current_dataset())
    left, right = st.columns([2.1, 1], gap="large")
    with left:  # first: on a phone the right column lies below, and would be pushed down by cards that come later
        show_gallery(promises)
    with right:
        show_choice(promises)


page()
