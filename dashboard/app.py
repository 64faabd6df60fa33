"""The script of every page: theme, navigation, frame. It runs anew at each click; session/state keeps what stays."""

from pathlib import Path

import streamlit as st

from dashboard.navigation import build_pages
from dashboard.shared.preload import is_loaded, show_loading_screen

HERE = Path(__file__).parent
LOGO = HERE.parent / "assets" / "logo.svg"

st.set_page_config(page_icon=LOGO, layout="wide", initial_sidebar_state="collapsed", menu_items={"About": "# Graft"})
# Dialogs and menus lie outside Streamlit's own box, which alone knows the theme: set it for the whole document.
st.html(f"<style>:root {{ color-scheme: {st.context.theme.type or 'light'} }}</style>")

pages = build_pages()
page = st.navigation(list(pages.values()), position="hidden")
if not is_loaded():
    show_loading_screen()

from dashboard.frame import show_frame  # noqa: E402  (loads torch: not before the loading screen is shown)

show_frame(page, pages)
