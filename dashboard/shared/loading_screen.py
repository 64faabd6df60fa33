"""What one sees in the first seconds after the start, while torch is loaded."""

import streamlit as st

from dashboard.shared.preload import wait_until_loaded
from dashboard.shared.texts import quiet


def show_loading_screen() -> None:
    """Shown until everything is loaded; then the script begins anew."""
    st.title("Teach a network to see what you see")
    quiet("Graft is waking up: it loads what it needs to learn. This takes a few seconds, once.")
    st.skeleton(height=280)
    wait_until_loaded()
    st.rerun()
