"""What surrounds every page: the row of steps above it, and the message about what was just done."""

from collections.abc import Mapping

import streamlit as st

from core.datasets import is_deleted
from dashboard.navigation import OTHER_PAGES, show_stepper
from dashboard.routes.urls import SIGN_OUT_URL
from dashboard.session import state
from dashboard.session.sharing import is_local_only
from dashboard.shared.texts import escape_markdown

OF_DATASETS, OF_RUNS = ("photos", "model", "plan"), ("train", "results", "use")


def show_frame(page: "st.Page", pages: Mapping[str, "st.Page"]) -> None:
    """Show a page with its surroundings. pages: all pages by key."""
    state.sync_query_params()
    current = next(key for key, known in pages.items() if known == page)
    with st.container(key="topbar", horizontal=True, vertical_alignment="center", gap=None):
        with st.container(key="brand", width="content"):
            st.page_link(pages["photos"], label="Graft")
        show_stepper(current, _completed_steps())
        with st.container(key="beside", horizontal=True, width="content", gap=None):
            for key, title in OTHER_PAGES.items():
                with st.container(key=f"step_{'here' if key == current else 'beside'}_{key}", width="content"):
                    st.page_link(pages[key], label=title)
            if not is_local_only():
                with st.container(key="step_beside_sign_out", width="content"):
                    st.html(f'<a href="{SIGN_OUT_URL}"><p>Sign out</p></a>')
    if message := state.pop_flash():
        st.toast(escape_markdown(message))
    _show_what_is_not_there(current)
    page.run()


def _show_what_is_not_there(current: str) -> None:
    """Say what the address names and is not there: a page, or what this page is about. current: the page's key."""
    if name := state.unknown_page():
        _warn(f"Graft has no page “{name}”.", "This is the first one.")
    if current in OF_DATASETS and (lost := state.lost_dataset()):
        _warn(f"The address names a dataset that is not here: {lost}.", "It was deleted, or is on another computer.")
    elif current in OF_DATASETS and (dataset := state.shown_dataset()) and is_deleted(state.home(), dataset.id):
        _warn("This dataset was deleted.", "Its photos are kept as long as a run needs them that learned from them.")
    if current in OF_RUNS and (lost := state.lost_run()):
        _warn(f"The address names a run that is not here: {lost}.", "It was deleted, or is on another computer.")


def _warn(sentence: str, more: str) -> None:
    st.warning(f"**{escape_markdown(sentence)}** {more}", icon=":material/link_off:")


def _completed_steps() -> frozenset[str]:
    """Keys of the steps whose choice was made or whose work is done."""
    dataset, run = state.current_dataset(), state.current_run()
    completed = {
        "photos": dataset is not None,
        "model": state.is_model_chosen() or run is not None,
        "plan": run is not None,
        "train": run is not None and run.state in ("finished", "stopped"),
        "results": run is not None and run.test_opened > 0,
    }
    return frozenset(step for step, is_completed in completed.items() if is_completed)
