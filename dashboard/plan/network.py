"""What learns: the recipe, its phases, and the network to click."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.backbones import Stage
from core.errors import BadInput
from core.plans import RECIPES, Phase, Plan, fits_heads, recipe_of, set_frozen, set_rate, with_recipe
from dashboard.components.network_picture import Block, network_picture
from dashboard.glossary import GLOSSARY
from dashboard.plan.widgets import change_plan, plan_widget, refuse
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, format_compact

NETWORK = "network"  # the part of the page with the picture
OWN_RECIPE = "Your own mix of frozen and learning stages. A recipe above fills it in anew."


def show_recipe(plan: Plan, stages: Sequence[Stage]) -> None:
    """The recipes as one row, and what the chosen one does."""
    titles = {recipe.id: recipe.title for recipe in RECIPES}
    chosen = recipe_of(plan)
    st.segmented_control(
        "Recipe",
        list(titles),
        format_func=titles.__getitem__,
        width="stretch",
        wrap=True,
        help=GLOSSARY["recipe"],
        **plan_widget("recipe", chosen, lambda plan, recipe: with_recipe(plan, recipe, len(stages))),
    )
    sentence = next((recipe.sentence for recipe in RECIPES if recipe.id == chosen), OWN_RECIPE)
    st.html(f'<p class="muted">{escape_html(sentence)} <b>Click a stage to freeze or free it.</b></p>')


def choose_phase(plan: Plan) -> int:
    """Choose the phase that the picture shows; returns its number, from 0."""
    if len(plan.phases) == 1:
        return 0
    key = f"plan_phase_of_{len(plan.phases)}"  # another recipe begins at its first phase
    st.session_state.setdefault(key, state.get_tab_value(key, 0))
    number = st.segmented_control(
        "Phase",
        range(len(plan.phases)),
        format_func=lambda i: _phase_label(plan.phases[i], i),
        key=key,
        required=True,
        wrap=True,
        help=GLOSSARY["phase"],
        on_change=lambda: state.set_tab_value(key, st.session_state[key]),
    )
    return number or 0


def _phase_label(phase: Phase, number: int) -> str:
    return escape_markdown(f"{number + 1}. {phase.name}")


def show_network(plan: Plan, phase: int, stages: Sequence[Stage], head_size: int, expert: bool) -> None:
    """The network as it learns in that phase. head_size: parameters of the new head."""
    network_picture(
        blocks_of(plan, phase, stages, head_size),
        editable=expert,
        on_clicked=lambda message: clicked(phase, message),
        on_rated=lambda message: typed(phase, message),
    )


def blocks_of(plan: Plan, number: int, stages: Sequence[Stage], head_size: int) -> list[Block]:
    """Every stage with its size and its rate in this phase, and the head after them."""
    phase = plan.phases[number]
    total = sum(stage.parameters for stage in stages) + head_size
    rates = phase.stage_rates if len(phase.stage_rates) == len(stages) else (0.0,) * len(stages)
    blocks = [_block(s.name, s.what, s.parameters, total, rate) for s, rate in zip(stages, rates, strict=True)]
    head = _block("head", "your classes", head_size, total, phase.head_rate, is_head=True)
    return [*blocks, replace(head, rate_text="fitted") if fits_heads(plan, phase) else head]


def _block(name: str, what: str, size: int, total: int, rate: float, is_head: bool = False) -> Block:
    return Block(name, what, format_compact(size), size / total, _share(size, total), rate, f"{rate:g}", is_head)


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 1 or part == 0 else "< 1 %"


def clicked(phase: int, message: Any) -> None:
    """A stage was clicked. The message of the browser is checked: it may be anything."""
    stage, frozen = _number(message), message.get("frozen") if isinstance(message, dict) else None
    if isinstance(stage, int) and isinstance(frozen, bool):
        change_plan(
            lambda plan: set_frozen(plan, phase, stage, frozen) if _is_there(plan, phase, stage) else plan, NETWORK
        )


def typed(phase: int, message: Any) -> None:
    """A rate was typed under a stage."""
    stage, text = _number(message), message.get("rate") if isinstance(message, dict) else None
    if not isinstance(stage, int) or not isinstance(text, str):
        return
    try:
        rate = float(text.strip().replace(",", "."))
    except ValueError:
        refuse(NETWORK, BadInput(f'"{text}" is no learning rate.', "Type a number such as 0.0001; 0 freezes."))
        return
    change_plan(lambda plan: set_rate(plan, phase, stage, rate) if _is_there(plan, phase, stage) else plan, NETWORK)


def _number(message: Any) -> int | None:
    number = message.get("stage") if isinstance(message, dict) else None
    return number if isinstance(number, int) and number >= 0 else None


def _is_there(plan: Plan, phase: int, stage: int) -> bool:
    return phase < len(plan.phases) and stage <= len(plan.phases[phase].stage_rates)
