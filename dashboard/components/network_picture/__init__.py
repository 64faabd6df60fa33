"""The network as a row of stages: frozen ones pale and hatched, learning ones filled, the rate below each.

A click or the space bar freezes or frees a stage. The component says only what was clicked or typed; Python owns the
plan, so a test without a browser calls the callbacks.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
KEY = "network"

_component = st.components.v2.component(
    "graft.network_picture",
    html=(HERE / "network_picture.html").read_text(encoding="utf-8"),
    css=(HERE / "network_picture.css").read_text(encoding="utf-8"),
    js=(HERE / "network_picture.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # the colours of both themes stand in the page's own style sheet
)


@dataclass(frozen=True)
class Block:
    """One stage as the picture shows it. rate 0: frozen. share: of all parameters, from 0 to 1, and in words."""

    name: str
    what: str
    size: str
    share: float
    share_text: str
    rate: float
    rate_text: str
    head: bool = False


def network_picture(
    blocks: Sequence[Block], editable: bool, on_clicked: Callable[[Any], None], on_rated: Callable[[Any], None]
) -> None:
    """Draw it. on_clicked gets {"stage": number, "frozen": what it shall be, so that a click told twice does no harm};
    on_rated gets {"stage": number, "rate": what was typed}.

    Both come from the browser, so whoever takes them checks them. editable: the rates are fields.
    """
    _component(
        key=KEY,
        data={"stages": [asdict(block) for block in blocks], "editable": editable},
        on_clicked_change=lambda: on_clicked(st.session_state[KEY].get("clicked")),
        on_rated_change=lambda: on_rated(st.session_state[KEY].get("rated")),
    )
