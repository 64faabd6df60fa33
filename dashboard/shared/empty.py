"""A screen that has nothing to show yet says what to do first."""

import streamlit as st

from dashboard.shared.texts import quiet


def nothing_yet(words: str, label: str, page: str, icon: str = ":material/arrow_forward:") -> None:
    """One sentence and the one button that leads on."""
    with st.container(key="card_empty"):
        quiet(words)
        if st.button(label, type="primary", icon=icon, key="first_do"):
            st.switch_page(page)
