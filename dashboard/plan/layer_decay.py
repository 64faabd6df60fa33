"""Layer decay: one slider for the rates of all stages."""

import streamlit as st

from core.plans import Plan, can_decay, layer_decay_of, set_layer_decay
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import plan_widget, with_value

DECAYS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
OWN = "as they are"  # rates that were set one by one


def show_layer_decay(plan: Plan) -> None:
    """Only where it means something: a phase frees two stages or more."""
    if not any(map(can_decay, plan.phases)):
        return
    decay = layer_decay_of(plan)
    options: list[float | str] = [OWN] if decay is None else []
    st.select_slider(
        "Rate from stage to stage, towards the stem", [*options, *with_value(DECAYS, decay or 1.0)],
        format_func=_in_words, help=GLOSSARY["layer decay"],
        **plan_widget("layer_decay", decay or OWN, _set_layer_decay),
    )  # fmt: skip


def _in_words(decay: float | str) -> str:
    if isinstance(decay, str):
        return decay
    return "alike" if decay == 1 else f"× {decay:g}"


def _set_layer_decay(plan: Plan, decay: float | str) -> Plan:
    return plan if isinstance(decay, str) else set_layer_decay(plan, decay)
