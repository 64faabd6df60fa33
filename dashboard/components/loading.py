"""How a component of the browser is registered with Streamlit: its markup, styles and script lie in one folder."""

from pathlib import Path
from typing import Any

import streamlit as st


def load_component(folder: Path, isolate_styles: bool = True) -> Any:
    """Register the component of a folder: `confusion/` holds confusion.html, confusion.css and confusion.js.

    isolate_styles: draw in a shadow root, where the page's style sheet does not reach; False where the component takes
    its colours from that.
    """

    def read(kind: str) -> str:
        return (folder / f"{folder.name}.{kind}").read_text(encoding="utf-8")

    return st.components.v2.component(
        f"graft.{folder.name}",
        html=read("html"),
        css=read("css"),
        js=read("js"),
        isolate_styles=isolate_styles,
    )
