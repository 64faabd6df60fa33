"""Find a learning rate: the loss over the rate, measured by the plan's own training steps, and the rate to take."""

import math
from dataclasses import dataclass
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from core.evaluation import RateCurve
from core.execution import find_rates
from core.home import Home, Progress
from core.plans import Plan, RateGroup, rate_groups, take_rate, tested_phase, top_rate
from dashboard.glossary import GLOSSARY
from dashboard.plan.trying import latest_trial, try_out
from dashboard.plan.widgets import change_plan
from dashboard.session import state
from dashboard.shared.charts import PLAIN, chart_colours
from dashboard.shared.texts import show_note

WHAT, PART = "rates", "rates"
TITLES: dict[RateGroup, str] = {"head": "The head alone", "stages": "The stages that are freed"}
CHART_HEIGHT = 240  # pixels


@dataclass(frozen=True)
class Found:
    """plan: as it was when the rates were tried."""

    plan: Plan
    curves: tuple[RateCurve, ...]


def show_rate_finder(plan: Plan) -> None:
    """Folded until somebody asks. A simple head has no rate."""
    if not rate_groups(plan):
        return
    with st.expander("Find a learning rate", expanded=latest_trial(plan, WHAT) is not None):
        show_note(GLOSSARY["rate finder"])
        home = state.home()
        found = try_out(plan, WHAT, "Try rates", "Trying learning rates", lambda progress: _find(home, plan, progress))
        if not isinstance(found, Found):
            return
        if _but_for_rates(plan) != _but_for_rates(found.plan):
            show_note("The plan has changed since: try again for rates that fit it.", small=True)
        groups = [curve for curve in found.curves if curve.group in rate_groups(plan)]
        for column, curve in zip(st.columns(2), groups, strict=False):
            with column:
                _show_curve(plan, curve)


def _find(home: Home, plan: Plan, progress: Progress) -> Found:
    return Found(plan, find_rates(home, plan, progress))


def _but_for_rates(plan: Plan) -> Plan:
    """A plan that tells apart all that decides a rate but the rates themselves."""
    for group in rate_groups(plan):
        plan = take_rate(plan, group, 1.0)
    return plan


def _show_curve(plan: Plan, curve: RateCurve) -> None:
    group: RateGroup = "head" if curve.group == "head" else "stages"
    now = top_rate(tested_phase(plan, group))
    st.markdown(f"**{TITLES[group]}**")
    if curve.rates:
        figure = _figure(curve, None if tested_phase(plan, group).solver == "lbfgs" else now)
        st.plotly_chart(figure, width="stretch", key=f"rates of {group}", config={"displayModeBar": False})
    show_note(curve.sentence, small=True)
    suggested = curve.suggestion
    if suggested is None:
        return
    if tested_phase(plan, group).solver == "lbfgs":
        show_note("The head is fitted here and needs no rate. With one, it learns in steps.", small=True)
    elif suggested == now:
        show_note(f"The plan has {now:g}.", small=True)
        return
    st.button(
        f"Take {suggested:g}",
        key=f"take_rate_{group}",
        icon=":material/check:",
        on_click=change_plan,
        args=(partial(take_rate, group=group, rate=suggested), PART),
    )


def _figure(curve: RateCurve, now: float | None) -> go.Figure:
    """The loss as measured and smoothed, over the rate on a logarithmic axis; lines at the plan's rate and at the
    suggested one. now: None where a head is fitted and has none.
    """
    lines = (("measured", curve.losses, "dot", 1.0), ("smoothed", curve.smoothed, "solid", 2.4))
    figure = go.Figure(
        [
            go.Scatter(
                x=curve.rates, y=losses, name=name, mode="lines", line={"dash": dash, "width": width},
                hovertemplate="loss %{y:.3f} at %{x:.1e}",
            )
            for name, losses, dash, width in lines
        ]
    )  # fmt: skip
    if now:
        _mark(figure, now, "now", "dash", is_right=now > (curve.suggestion or 0))
    if curve.suggestion:
        _mark(figure, curve.suggestion, "suggested", "solid", is_right=(now or 0) <= curve.suggestion)
    highest = 1.5 * max(curve.smoothed[: len(curve.smoothed) // 2 + 1])  # where it shoots up is of no interest
    figure.update_layout(
        **PLAIN, colorway=chart_colours(), height=CHART_HEIGHT, showlegend=False,
        xaxis={"title": "learning rate", "type": "log", "exponentformat": "power", "dtick": 2},
        yaxis={"title": "loss", "range": [0.9 * min(curve.smoothed), highest]},
    )  # fmt: skip
    return figure


def _mark(figure: go.Figure, rate: float, words: str, dash: str, is_right: bool) -> None:
    """A line at a rate, with its name on that side of it."""
    figure.add_vline(rate, line={"dash": dash, "width": 1.5, "color": "gray"})
    figure.add_annotation(
        x=math.log10(rate), y=1, yref="paper", text=words, showarrow=False, yanchor="top",
        xanchor="left" if is_right else "right",
    )  # fmt: skip
