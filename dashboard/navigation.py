"""Which pages there are. Known before anything large is loaded."""

from pathlib import Path

import streamlit as st

from dashboard.shared.stepper import STEPS

HERE = Path(__file__).parent
BESIDE = {"runs": "All runs", "learn": "Learn"}  # pages beside the six steps


def pages() -> dict[str, "st.Page"]:
    """Every page by its key, the steps first."""
    titles = {step.key: step.title for step in STEPS} | BESIDE
    return {
        key: st.Page(HERE / key / "page.py", title=f"{title} · Graft", url_path=key, default=key == "photos")
        for key, title in titles.items()
    }
