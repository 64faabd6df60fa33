"""All runs: find, tag, open, compare, go on, delete."""

import streamlit as st

from core.runs import list_runs
from dashboard.runs.comparison import show_comparison
from dashboard.runs.damaged import show_damaged
from dashboard.runs.run_list import show_list, ticked_runs
from dashboard.session import state
from dashboard.shared.texts import show_note


def page() -> None:
    st.title("What has been tried?", anchor=False)
    runs = list_runs(state.home())
    show_damaged()
    if not runs:
        show_note(
            "Nothing yet. Choose photos and a model, press Start: the run then stands here, whatever becomes of it."
        )
        st.page_link("photos/page.py", label="Choose photos", icon=":material/arrow_forward:")
        return
    compared = ticked_runs(runs)
    if len(compared) > 1:
        with st.container(key="comparison"):
            show_comparison(compared)
            if st.button("Close the comparison", icon=":material/close:", key="close_comparison"):
                state.set_compared_runs([])
                st.rerun()
        st.header("All runs", anchor=False)
    else:
        show_note("Every run is kept with all that decided it. Tick two or more to compare them.")
    show_list(runs)


page()
