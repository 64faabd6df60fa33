"""Which part wants to learn? Each stage learns alone for a while, and the best one is taken by a click."""

from collections.abc import Sequence
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from core.evaluation import PartTried, best_part, parts_in_words
from core.execution import try_parts
from core.home import Home, Progress
from core.plans import Plan, take_part
from dashboard.glossary import GLOSSARY
from dashboard.plan.trying import latest_trial, try_out
from dashboard.plan.widgets import change_plan
from dashboard.session import state
from dashboard.shared.background_jobs import Cancelled
from dashboard.shared.charts import PLAIN, chart_colours, text_colour
from dashboard.shared.texts import escape_html, show_note

WHAT, PART = "parts", "parts"
BAR_HEIGHT = 38  # pixels


def show_which_part(plan: Plan) -> None:
    """Folded until somebody asks. Random weights have no part worth keeping."""
    if plan.backbone.weights == "random":
        return
    with st.expander("Which part wants to learn?", expanded=latest_trial(plan, WHAT) is not None):
        show_note(GLOSSARY["which part"])
        home = state.home()
        found = try_out(plan, WHAT, "Try each part", "Trying each part", lambda progress: _try(home, plan, progress))
        if not found:
            return
        if len(found) > 1:
            st.plotly_chart(_figure(found), width="stretch", key="parts", config={"displayModeBar": False})
        show_note(parts_in_words(found), small=True)
        _show_take(found)


def _try(home: Home, plan: Plan, progress: Progress) -> tuple[PartTried, ...]:
    """All parts; where somebody stops it, those that were tried until then."""
    found: list[PartTried] = []
    try:
        found.extend(try_parts(home, plan, progress))
    except Cancelled:
        if not found:
            raise
    return tuple(found)


def _show_take(found: Sequence[PartTried]) -> None:
    best = best_part(found)
    if best and best.stage is not None:
        st.button(
            f"Let {best.name} learn",
            key="take_part",
            icon=":material/check:",
            on_click=change_plan,
            args=(partial(take_part, stage=best.stage), PART),
        )


def _figure(found: Sequence[PartTried]) -> go.Figure:
    """A bar per part as the network lies, from stem to head: the share of validation photos that it named right, with
    its margin; the best one by loss is bold.
    """
    best = best_part(found)
    parts = [each for each in reversed(found) if each.accuracy]
    shares = [each.accuracy for each in parts if each.accuracy]
    figure = go.Figure(
        go.Bar(
            x=[share.value for share in shares],
            y=[f"<b>{escape_html(each.name)}</b>" if each == best else escape_html(each.name) for each in parts],
            orientation="h",
            marker={"opacity": [1.0 if each == best else 0.45 for each in parts]},
            error_x={
                "type": "data",
                "symmetric": False,
                "color": text_colour(),
                "array": [share.high - share.value for share in shares],
                "arrayminus": [share.value - share.low for share in shares],
            },
            customdata=[each.loss for each in parts],
            hovertemplate="%{x:.1%} right, validation loss %{customdata:.3f}<extra></extra>",
        )
    )
    figure.update_layout(
        **PLAIN, colorway=chart_colours(), height=60 + BAR_HEIGHT * len(parts), showlegend=False,
        xaxis={"tickformat": ".0%", "range": [0, 1], "title": "of the validation photos right; bold: the lowest loss"},
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
    return figure
