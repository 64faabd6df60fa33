"""The pages and the way between them. Imports no torch: the first page is drawn before it is loaded."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard.shared.texts import show_note

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Step:
    """A page of the journey. next_label: the words of the button that leads here."""

    key: str
    title: str
    next_label: str

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
OTHER_PAGES = {"runs": "All runs", "learn": "Learn"}
START = "photos"  # its address is the server's own


def build_pages() -> dict[str, "st.Page"]:
    """All pages by key, the steps first."""
    titles = {step.key: step.title for step in STEPS} | OTHER_PAGES
    return {
        key: st.Page(HERE / key / "page.py", title=f"{title} · Graft", url_path=key, default=key == START)
        for key, title in titles.items()
    }


def show_stepper(current: str, completed: frozenset[str]) -> None:
    """Show the steps in the row above each screen. current: the page's key. completed: keys of finished steps."""
    with st.container(key="stepper", horizontal=True, vertical_alignment="center", gap=None):
        for number, step in enumerate(STEPS, 1):
            state = "here" if step.key == current else "done" if step.key in completed else "open"
            icon = "check_circle" if state == "done" else f"counter_{number}"
            with st.container(key=f"step_{state}_{step.key}", width="content"):
                st.page_link(step.page, label=step.title, icon=f":material/{icon}:")


def show_next_button(current: str, label: str | None = None, disabled: bool = False, reason: str | None = None) -> None:
    """Show the one primary button of a screen, last in its right column: it leads to the next step.

    label: other words than the next step's own. reason: why the button is disabled, shown under it.
    """
    following = STEPS[[step.key for step in STEPS].index(current) + 1]
    with always_in_sight():
        pressed = st.button(
            f"Next: {label or following.next_label}", key=f"next_{following.key}", type="primary", width="stretch",
            icon=":material/arrow_forward:", icon_position="right", disabled=disabled,
        )  # fmt: skip
        if disabled and reason:
            st.caption(reason)
    if pressed:
        st.switch_page(following.page)


def always_in_sight() -> AbstractContextManager[object]:
    """A place for a screen's primary button. It stays in sight however far one scrolls, on a phone at the foot.

    It stays within the container in which it is made: make it in a column, or in the page itself, not in a card.
    """
    return st.container(key="in_sight", gap="small")


def show_empty_state(text: str, label: str, page: str) -> None:
    """Show one sentence and the button to what has to be done first, where a screen has nothing to show yet."""
    with st.container(key="card_empty"):
        show_note(text)
        if st.button(label, type="primary", icon=":material/arrow_forward:", key="first_do"):
            st.switch_page(page)
