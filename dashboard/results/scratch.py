"""The same run from random weights, as a witness of what transfer was worth."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.errors import GraftError
from core.execution import seconds_from_scratch, submit_from_scratch
from core.monitoring import ScratchRace, has_model, race_in_words, read_race, scratch_run
from core.plans import FAIRNESS
from core.runs import Run
from core.units import format_rough_duration
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.run_status import progress_in_words, state_in_words
from dashboard.shared.texts import escape_html, show_error, show_note

REFRESH_SECONDS = 2.0
HEIGHT = 280  # pixels
TIMES = {  # by seconds; about as far from each other on the axis
    1: "1 s", 3: "3 s", 10: "10 s", 30: "30 s", 60: "1 min", 180: "3 min", 600: "10 min", 1_800: "30 min", 3_600: "1 h",
    10_800: "3 h", 36_000: "10 h",
}  # fmt: skip


def show_from_scratch(run: Run, task: str) -> None:
    """Folded until it was started. It draws itself anew while that run is on its way."""
    if run.plan.backbone.weights == "random":
        return
    scratch = scratch_run(state.home(), run)
    on_its_way = scratch is not None and not scratch.is_over
    with st.expander("What was transfer worth?", icon=":material/timer:", expanded=scratch is not None):
        if scratch is None or scratch.state == "interrupted":
            _show_button(run)
        else:
            st.fragment(lambda: _draw(run, task, on_its_way), run_every=REFRESH_SECONDS if on_its_way else None)()


def _show_button(run: Run) -> None:
    show_note(
        "The same network can learn these photos without knowing anything before. That shows what transfer gives."
    )
    if st.button(
        "Start the same from scratch", icon=":material/timer:", key="from_scratch", help=GLOSSARY["from scratch"]
    ):
        try:
            submit_from_scratch(state.home(), run)
        except GraftError as error:
            show_error(error)
        else:
            st.rerun()
    show_note(f"From scratch means {FAIRNESS} {_time_in_words(run)}", small=True)


def _time_in_words(run: Run) -> str:
    seconds = seconds_from_scratch(state.home(), run)
    if seconds:
        return f"It will take {format_rough_duration(seconds)}."
    return "It takes longer than this run, which trained only a part." if run.plan.first_trainable_stage else ""


def _draw(run: Run, task: str, was_on_its_way: bool) -> None:
    scratch = scratch_run(state.home(), run)
    if scratch is None or (was_on_its_way and scratch.is_over):
        st.rerun()
        return
    race = read_race(state.home(), run, scratch, task) if scratch.state != "queued" else None
    if not has_model(state.home(), scratch):
        word, _ = state_in_words(scratch)
        how_far = f", {progress_in_words(scratch)}" if scratch.state == "running" else "."
        show_note(f"“{scratch.name}”: {word}{how_far}")
    elif race:
        st.html(f'<p class="answer">{escape_html(race_in_words(race))}</p>')
    if race:
        st.plotly_chart(_chart(race), width="stretch", key="scratch_race", config={"displayModeBar": False})
        show_note(
            "By the clock of both runs, from the first phase on; time to read photos and pauses are left out. "
            f"From scratch means {FAIRNESS}", small=True,
        )  # fmt: skip


def _chart(race: ScratchRace) -> go.Figure:
    """Score on validation photos over time; dashes tell the two apart as well as colours."""
    metric = race.kind.metric
    ticks = ".0%" if metric.unit == "share" else ""
    figure = go.Figure(
        [
            go.Scatter(
                x=[each.seconds for each in epochs], y=[each.scores.validation_accuracy for each in epochs], name=name,
                mode="lines+markers", marker={"size": 5}, line={"dash": dash, "width": 2.2},
                hovertemplate=f"%{{y:{ticks or '.3f'}}} after %{{x:.0f}} s",
            )
            for name, epochs, dash in (
                ("with transfer", race.transfer, "solid"), ("from scratch", race.scratch, "dash"),
            )
        ]
    )  # fmt: skip
    figure.add_vline(x=race.spent, line={"dash": "dot", "width": 1, "color": "#888"})
    figure.add_annotation(
        text="transfer is done", x=math.log10(race.spent), y=0, yref="paper", xanchor="left", yanchor="bottom",
        showarrow=False,
    )  # fmt: skip
    figure.update_layout(
        colorway=st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors"),
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis=_time_axis([each.seconds for each in (*race.transfer, *race.scratch)]),
        yaxis={"title": f"{metric.title.lower()} on validation photos", "tickformat": ticks},
    )  # fmt: skip
    return figure


def _time_axis(seconds: Sequence[float]) -> dict[str, Any]:
    """Logarithmic: from scratch may take a hundred times as long."""
    first, last = min(seconds) / 1.2, max(seconds) * 1.2
    shown = {at: words for at, words in TIMES.items() if first <= at <= last}
    return {
        "title": "time of training, from the beginning",
        "type": "log",
        "range": [math.log10(first), math.log10(last)],
        "tickvals": list(shown),
        "ticktext": list(shown.values()),
    }
