"""All runs: open, compare, go on, delete."""

import streamlit as st

from core.runs import list_runs
from dashboard.runs.comparison import show_comparison
from dashboard.runs.run_list import show_list
from dashboard.session import state
from dashboard.shared.texts import show_note


def page() -> None:
    st.title("What has been tried?")
    runs = list_runs(state.home())
    if not runs:
        show_note(
            "Nothing yet. Choose photos and a model, press Start: the run then stands here, whatever becomes of it."
        )
        st.page_link("photos/page.py", label="Choose photos", icon=":material/arrow_forward:")
        return
    show_note("Every run is kept with all that decided it. Tick two or more to see what differed.")
    compared = show_list(runs)
    if len(compared) > 1:
        show_comparison(compared)


page()
