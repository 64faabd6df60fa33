"""The script of every page: look, navigation, stepper. It runs anew at each click; what stays lives in state.py."""

from pathlib import Path

import streamlit as st

from dashboard.navigation import pages
from dashboard.shared.loading_screen import show_loading_screen
from dashboard.shared.preload import awake

HERE = Path(__file__).parent
LOGO = HERE.parent / "assets" / "logo.svg"

st.set_page_config(page_icon=LOGO, layout="wide", initial_sidebar_state="collapsed", menu_items={"About": "# Graft"})
st.html(HERE / "style.css")
# Dialogs and menus lie outside Streamlit's own box, which alone knows the theme: say it for the whole page.
st.html(f"<style>:root {{ color-scheme: {st.context.theme.type or 'light'} }}</style>")

known = pages()
page = st.navigation(list(known.values()), position="hidden")
if not awake():
    show_loading_screen()

from dashboard.frame import show_frame  # noqa: E402  (loads torch: not before the waking screen is there)

show_frame(page, known)
