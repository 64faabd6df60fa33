"""All runs: open, compare, go on, delete."""

import streamlit as st

from core.runs import list_runs
from dashboard.runs.run_list import show_comparison, show_list
from dashboard.session import state
from dashboard.shared.texts import show_note

st.title("What has been tried?")
runs = list_runs(state.home())
if runs:
    show_note("Every run is kept with all that decided it. Tick two or more to see what differed.")
    chosen = show_list(runs)
    if len(chosen) > 1:
        show_comparison(chosen)
else:
    show_note("Nothing yet. Choose photos and a model, press Start: the run then stands here, whatever becomes of it.")
    st.page_link("photos/page.py", label="Choose photos", icon=":material/arrow_forward:")
