"""What all charts of Plotly's have in common: the theme's colours, and no frame of their own."""

from typing import Any

import streamlit as st

PLAIN: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
}


def chart_colours() -> list[str]:
    """The theme's own colours of lines: Plotly's are too dark for a dark page."""
    return st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors")


def text_colour() -> str | None:
    """The theme's own, for what is drawn over bars."""
    return st.get_option(f"theme.{st.context.theme.type or 'light'}.textColor")
