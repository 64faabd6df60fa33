"""What stands around every page: the row above it, and a short word of what was just done."""

from collections.abc import Mapping

import streamlit as st

from dashboard.navigation import BESIDE
from dashboard.session import state
from dashboard.shared.stepper import show_stepper
from dashboard.shared.texts import plain


def show_frame(page: "st.Page", pages: Mapping[str, "st.Page"]) -> None:
    """The page with all that is around it."""
    state.synchronise()
    here = next(key for key, known in pages.items() if known == page)
    with st.container(key="topbar", horizontal=True, vertical_alignment="center", gap=None):
        with st.container(key="brand", width="content"):
            st.page_link(pages["photos"], label="Graft")
        show_stepper(here, _done())
        with st.container(key="beside", horizontal=True, width="content", gap=None):
            for key, title in BESIDE.items():
                with st.container(key=f"step_{'here' if key == here else 'beside'}_{key}", width="content"):
                    st.page_link(pages[key], label=title)
    if sentence := state.said():
        st.toast(plain(sentence))
    page.run()


def _done() -> frozenset[str]:
    """Steps that are behind one: what they ask for was chosen or has happened."""
    dataset, run = state.current_dataset(), state.current_run()
    done = {
        "photos": dataset is not None,
        "model": state.model_is_chosen() or run is not None,
        "plan": run is not None,
        "train": run is not None and run.state in ("finished", "stopped"),
        "results": run is not None and run.test_opened > 0,
    }
    return frozenset(step for step, behind in done.items() if behind)
