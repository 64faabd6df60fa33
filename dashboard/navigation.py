"""The row above each screen, and which screen it is."""

from pathlib import Path

import streamlit as st

from dashboard import state
from dashboard.parts.stepper import STEPS, show_stepper
from dashboard.parts.texts import plain

HERE = Path(__file__).parent
BESIDE = {"runs": "All runs", "learn": "Learn"}  # pages beside the six steps


def show_pages() -> None:
    """Everything that one sees, on every page."""
    state.synchronise()
    titles = {step.key: step.title for step in STEPS} | BESIDE
    pages = {
        key: st.Page(f"pages/{key}.py", title=f"{title} · Graft", url_path=key, default=key == "photos")
        for key, title in titles.items()
        if (HERE / "pages" / f"{key}.py").is_file()
    }
    page = st.navigation(list(pages.values()), position="hidden")
    here = next(key for key, known in pages.items() if known == page)
    with st.container(key="topbar", horizontal=True, vertical_alignment="center", gap=None):
        with st.container(key="brand", width="content"):
            st.page_link(pages["photos"], label="Graft")
        show_stepper(here, done=_done(), known=frozenset(pages))
        with st.container(key="beside", horizontal=True, width="content", gap=None):
            for key, title in BESIDE.items():
                if key in pages:
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
