"""What one sees in the first seconds after the start, while torch is loaded."""

import streamlit as st

from dashboard.parts.texts import quiet
from dashboard.waking import awake


@st.fragment(run_every=0.4)
def _look_again() -> None:
    if awake():
        st.rerun(scope="app")


def show_waking_screen() -> None:
    st.title("Teach a network to see what you see")
    quiet("Graft is waking up: it loads what it needs to learn. This takes a few seconds, once.")
    st.skeleton(height=280)
    _look_again()
