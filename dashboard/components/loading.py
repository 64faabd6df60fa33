"""How a component of the browser is registered with Streamlit: its markup, styles and script lie in one folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st


def load_component(folder: Path, isolate_styles: bool = True) -> Callable[..., Any]:
    """Register the component of a folder: `confusion/` holds confusion.html, confusion.css and confusion.js.

    The key that it is drawn with may hold anything, such as what a user called a column.

    isolate_styles: draw in a shadow root, where the page's style sheet does not reach; False where the component takes
    its colours from that.
    """

    def read(kind: str) -> str:
        return (folder / f"{folder.name}.{kind}").read_text(encoding="utf-8")

    component = st.components.v2.component(
        f"graft.{folder.name}",
        html=read("html"),
        css=read("css"),
        js=read("js"),
        isolate_styles=isolate_styles,
    )

    def draw(*, key: str, **arguments: Any) -> Any:
        return component(key=component_key(key), **arguments)

    return draw


def component_key(key: str) -> str:
    """The key itself, or one like it, as different for different keys, that Streamlit takes.

    Streamlit joins the key of a component and the name of an event by two underscores, and refuses keys that hold two.
    """
    if "__" not in key and not key.endswith("_"):
        return key
    return f"{key.replace('_', '-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
