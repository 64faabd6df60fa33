"""The plan over time: which stages learn when, and how their rate rises and falls."""

from collections.abc import Sequence

import streamlit as st

from core.backbones import Stage
from core.job import rates_over_time
from core.plans import Phase, Plan, fits_heads
from dashboard.shared.texts import escape_html

POINTS = 24  # of a curve in one phase


def show_timeline(plan: Plan, shown: int, stages: Sequence[Stage]) -> None:
    """A lane per stage from stem to head, a column per phase as wide as it is long. One phase alone needs no picture.

    shown: the number of the phase that the network's picture shows.
    """
    if len(plan.phases) < 2 or any(len(phase.stage_rates) != len(stages) for phase in plan.phases):
        return
    names = [*(stage.name for stage in stages), "head"]
    labels = "".join(f"<span>{escape_html(name)}</span>" for name in names)
    columns = "".join(_column(phase, number, plan, number == shown, names) for number, phase in enumerate(plan.phases))
    st.html(
        f'<div class="timeline" role="img" aria-label="{escape_html(in_words(plan, names))}">'
        f'<div class="names"><div class="lanes">{labels}</div><small>epochs</small></div>{columns}</div>'
    )


def in_words(plan: Plan, names: Sequence[str]) -> str:
    """The picture as a sentence for each phase. names: of the stages, and of the head last."""
    return " ".join(_phase_in_words(phase, number, plan, names) for number, phase in enumerate(plan.phases))


def _phase_in_words(phase: Phase, number: int, plan: Plan, names: Sequence[str]) -> str:
    learning = [name for name, rate in zip(names, _rates(phase), strict=True) if rate > 0]
    who = "all" if len(learning) == len(names) else ", ".join(learning) or "nothing"
    return f"Phase {number + 1}, {_epochs_in_words(plan, number)}: {who} learn{'s' if len(learning) == 1 else ''}."


def _epochs_of(plan: Plan, number: int) -> tuple[int, int]:
    """The first and the last epoch of a phase, counted from 1 over the whole plan."""
    first = 1 + sum(phase.epochs for phase in plan.phases[:number])
    return first, first + plan.phases[number].epochs - 1


def _epochs_in_words(plan: Plan, number: int) -> str:
    first, last = _epochs_of(plan, number)
    return f"epoch {first}" if first == last else f"epochs {first} to {last}"


def _rates(phase: Phase) -> tuple[float, ...]:
    return (*phase.stage_rates, phase.head_rate)


def _column(phase: Phase, number: int, plan: Plan, is_shown: bool, names: Sequence[str]) -> str:
    highest = max(max(_rates(each)) for each in plan.phases) or 1.0
    lanes = [_lane(phase, rate, highest, name) for rate, name in zip(_rates(phase), names, strict=True)]
    if fits_heads(plan, phase):
        lanes[-1] = f'<i title="{escape_html(names[-1])}: fitted"><b></b></i>'
    when, style = _epochs_in_words(plan, number), f"flex-grow:{phase.epochs}"
    first, last = _epochs_of(plan, number)
    span = f"{first}" if first == last else f"{first}–{last}"
    return (
        f'<div class="phase{" shown" if is_shown else ""}" style="{style}" title="{escape_html(phase.name)}, {when}">'
        f'<div class="lanes">{"".join(lanes)}</div><small>{span}</small></div>'
    )


def _lane(phase: Phase, rate: float, highest: float, name: str) -> str:
    """One stage in one phase: hatched where it is frozen, else its rate over time, on a scale of the square root."""
    if rate == 0:
        return f'<i class="frozen" title="{escape_html(name)}: frozen"></i>'
    heights = [100 * (1 - (share * rate / highest) ** 0.5) for share in rates_over_time(phase, POINTS)]
    curve = ", ".join(f"{100 * i / (POINTS - 1):.1f}% {height:.1f}%" for i, height in enumerate(heights))
    shape = f"clip-path: polygon(0% 100%, {curve}, 100% 100%)"
    return f'<i title="{escape_html(name)}: rate {rate:g}"><b style="{shape}"></b></i>'
