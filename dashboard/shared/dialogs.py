"""Questions in a window of their own that several pages ask: a new name, and whether to delete."""

from collections.abc import Callable

import streamlit as st

from core.errors import GraftError
from dashboard.shared.texts import show_error


def ask_name(title: str, name: str, rename: Callable[[str], object]) -> None:
    """Ask for a new name and call `rename` with it; a GraftError is shown in place."""

    def ask() -> None:
        new_name = st.text_input("Name", name, max_chars=80).strip()
        if st.button("Rename", key="rename_now", type="primary", disabled=not new_name):
            _run_and_close(lambda: rename(new_name))

    st.dialog(title)(ask)()


def confirm_deletion(title: str, text: str, delete: Callable[[], object]) -> None:
    """Ask whether to delete and call `delete`; a GraftError is shown in place. text: Markdown, what will be gone."""

    def ask() -> None:
        st.markdown(text)
        if st.button("Delete it", key="delete_now", type="primary", icon=":material/delete:"):
            _run_and_close(delete)

    st.dialog(title)(ask)()


def _run_and_close(action: Callable[[], object]) -> None:
    try:
        action()
    except GraftError as error:
        show_error(error)
        return
    st.rerun()
