"""Widgets that show the plan and change it: the plan is the truth, a widget only shows it and asks for a change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.errors import GraftError
from core.objectives import Slider
from core.plans import Plan, checked, objective_of, set_objective
from dashboard.session import state
from dashboard.shared.texts import show_error

ERROR = "plan error"
# The part of the page that is being drawn: what goes wrong with one of its widgets is said there.
_part: ContextVar[str] = ContextVar("part of the plan page", default="")


@dataclass(frozen=True)
class Refusal:
    """Why the last change was none, and in which part of the page it was asked for."""

    part: str
    error: GraftError


@contextmanager
def part_of_page(name: str) -> Iterator[None]:
    """Draw a part of the page; below its widgets it says why the last change of one of them was refused."""
    token = _part.set(name)
    try:
        yield
    finally:
        _part.reset(token)
    refusal = state.get_tab_value(ERROR)
    if isinstance(refusal, Refusal) and refusal.part == name:
        show_error(refusal.error)


def change_plan(edit: Callable[[Plan], Plan], part: str = "") -> None:
    """Put `edit(plan)` in the plan's place; where that is no plan, leave it and say why in that part. For callbacks."""
    plan = state.current_plan()
    if plan is None:
        return
    # It stands until the next change: a rerun of its own would otherwise wipe it away unread.
    state.drop_tab_value(ERROR)
    try:
        state.set_plan(checked(edit(plan)))
    except GraftError as error:
        refuse(part, error)


def refuse(part: str, error: GraftError) -> None:
    """Say in that part of the page why nothing was changed."""
    state.set_tab_value(ERROR, Refusal(part, error))


def plan_widget(name: str, value: Any, edit: Callable[[Plan, Any], Plan]) -> dict[str, Any]:
    """Arguments that bind a widget to the plan: it shows `value`, and a change of it becomes `edit(plan, new)`.

    `st.slider("Epochs", 1, 60, **plan_widget("epochs", plan.epochs, set_epochs))`

    When something else changed the value (a recipe, a file, another tab), the widget is a new one, with a new key. A
    browser that has not heard of the change yet sends the old value along with its next click; under the old key that
    is nobody's, under the same key it would undo the change.
    """
    slot = f"shown {name}"
    version, known = state.get_tab_value(slot, (0, value))
    if _plain(known) != _plain(value):
        version += 1
    state.set_tab_value(slot, (version, value))
    key, part = f"plan_{name}_{version}", _part.get()
    st.session_state.setdefault(key, value)

    def changed() -> None:
        chosen = st.session_state[key]
        if chosen is None:  # a segment that was clicked again is not a choice: it is drawn anew
            state.set_tab_value(slot, (version + 1, value))
            return
        state.set_tab_value(slot, (version, chosen))
        change_plan(lambda plan: edit(plan, chosen), part)

    return {"key": key, "on_change": changed}


def _plain(value: Any) -> Any:
    """Several choices are the same in any order."""
    return sorted(value) if isinstance(value, list) else value


def with_value(options: tuple, value: Any) -> list:
    """The options in order, with the value among them whatever it is."""
    return sorted({*options, value})


def number_format(value: float) -> str:
    """As few digits as the number has; Streamlit would show 0.5 as 0.50."""
    return "%d" if isinstance(value, int) else "%g"


def columns_in_rows(number: int) -> Iterator[Any]:
    """Columns without end: a new row of them whenever the last one is full."""
    while True:
        yield from st.columns(number)


def show_objective(columns: Iterator[Any], plan: Plan, kind: str) -> None:
    """The controls of an objective, one in each column, drawn from its fields (`core.objectives.Objective`)."""
    objective = objective_of(plan, kind)
    for name, field in type(objective).model_fields.items():
        if field.title:
            _show_field(next(columns), kind, name, field, getattr(objective, name))


def _show_field(column: Any, kind: str, name: str, field: FieldInfo, value: Any) -> None:
    arguments = {
        "help": field.description,
        **plan_widget(f"{kind}_{name}", value, lambda plan, new: set_objective(plan, kind, **{name: new})),
    }
    slider = next((each for each in field.metadata if isinstance(each, Slider)), None)
    if isinstance(value, bool):
        column.toggle(field.title, **arguments)
    elif slider:
        # A plan file may hold a value beyond the usual range.
        least, most = min(slider.least, value), max(slider.most, value)
        column.number_input(field.title, least, most, step=slider.step, format=number_format(value), **arguments)
    elif get_origin(field.annotation) is Literal:
        column.selectbox(field.title, get_args(field.annotation), **arguments)
    elif isinstance(value, int):
        column.number_input(field.title, step=1, **arguments)
    else:
        column.number_input(field.title, format="%g", **arguments)
