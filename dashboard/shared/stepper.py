"""The six steps: where one is, what is done, what comes next."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Step:
    key: str
    title: str
    next_words: str  # the button that leads here says these

    @property
    def page(self) -> str:
        return f"{self.key}/page.py"


STEPS = (
    Step("photos", "Photos", "choose photos"),
    Step("model", "Model", "choose a model"),
    Step("plan", "Plan", "plan what learns"),
    Step("train", "Train", "train"),
    Step("results", "Results", "see how good it is"),
    Step("use", "Use it", "use it on new photos"),
)


def step_of(key: str) -> int | None:
    """The number of a page's step, from 0; None for a page beside the steps."""
    return next((number for number, step in enumerate(STEPS) if step.key == key), None)


def show_stepper(here: str, done: frozenset[str]) -> None:
    """The row above each screen. here: the page's key. done: keys of the steps that are behind one."""
    with st.container(key="stepper", horizontal=True, vertical_alignment="center", gap=None):
        for number, step in enumerate(STEPS, 1):
            state = "here" if step.key == here else "done" if step.key in done else "open"
            icon = "check_circle" if state == "done" else f"counter_{number}"
            with st.container(key=f"step_{state}_{step.key}", width="content"):
                st.page_link(step.page, label=step.title, icon=f":material/{icon}:")


def way_on(here: str, words: str | None = None, disabled: bool = False, reason: str | None = None) -> None:
    """The one primary button of a screen, at the foot of its right column: on to the next step.

    reason: why it is disabled, shown under it.
    """
    step = STEPS[(step_of(here) or 0) + 1]
    label = f"Next: {words or step.next_words}"
    pressed = st.button(
        label, key=f"next_{step.key}", type="primary", width="stretch", icon=":material/arrow_forward:",
        icon_position="right", disabled=disabled,
    )  # fmt: skip
    if disabled and reason:
        st.caption(reason)
    if pressed:
        st.switch_page(step.page)
