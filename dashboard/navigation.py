"""Which pages there are. Known before anything large is loaded."""

import logging
from pathlib import Path

import streamlit as st

from dashboard.parts.stepper import STEPS

HERE = Path(__file__).parent
BESIDE = {"runs": "All runs", "learn": "Learn"}  # pages beside the six steps


def pages() -> dict[str, "st.Page"]:
    """Every page by its key, the steps first."""
    titles = {step.key: step.title for step in STEPS} | BESIDE
    return {
        key: st.Page(HERE / "pages" / f"{key}.py", title=f"{title} · Graft", url_path=key, default=key == "photos")
        for key, title in titles.items()
    }


def ignore_the_pages_folder() -> None:
    """Keep Streamlit from running pages/*.py by itself, without app.py around them.

    It does so, for whoever comes first to a page's own address, until st.navigation was called once in the process.
    """
    # It warns that no page is being shown just now, which is so.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)
    st.navigation([st.Page(lambda: None, title="none", url_path="none")], position="hidden")
