"""The network as a row of stages: frozen ones pale and hatched, trainable ones filled, the learning rate below each.

A click or the space bar freezes or unfreezes a stage. The component only reports what was clicked or typed; Python
owns the plan, so a test without a browser calls the callbacks.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.components.loading import load_component

KEY = "network"

_component = load_component(Path(__file__).parent, isolate_styles=False)


@dataclass(frozen=True)
class Block:
    """One stage as the picture shows it. rate 0: frozen. fraction: of all parameters, from 0 to 1; size and texts are
    ready to be shown.
    """

    name: str
    description: str
    size: str
    fraction: float
    fraction_text: str
    rate: float
    rate_text: str
    is_head: bool = False


def network_picture(
    blocks: Sequence[Block], editable: bool, on_clicked: Callable[[Any], None], on_rated: Callable[[Any], None]
) -> None:
    """Draw the stages. editable: the rates are fields.

    on_clicked gets {"stage": index, "frozen": the wanted state, so that a click reported twice does no harm}; on_rated
    gets {"stage": index, "rate": the typed text}. Both come from the browser unchecked.
    """
    _component(
        key=KEY,
        data={"stages": [asdict(block) for block in blocks], "editable": editable},
        on_clicked_change=lambda: on_clicked(st.session_state[KEY].get("clicked")),
        on_rated_change=lambda: on_rated(st.session_state[KEY].get("rated")),
    )
