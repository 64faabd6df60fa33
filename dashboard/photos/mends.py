"""What the page does at one click about something that was checked; each makes a version that Undo takes back."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.datasets import Dataset, gather_copies, join_similar_classes, leave_out_copies
from core.errors import GraftError
from core.home import Home
from dashboard.session import state
from dashboard.shared.texts import show_error


@dataclass(frozen=True)
class Mend:
    """A button below a check. done: what is said once it was pressed. help: what it does, where the label is short."""

    label: str
    icon: str
    mend: Callable[[Home, Dataset], Dataset]
    done: str
    help: str = ""


# By the name that a check has in `mend`.
MENDS: dict[str, tuple[Mend, ...]] = {
    "join classes": (
        Mend(
            "Join them",
            "merge",
            join_similar_classes,
            "Classes that are spelled alike are one now.",
            "Each group becomes one class, under the name that most of its photos have.",
        ),
    ),
    "copies": (
        Mend(
            "Keep copies together",
            "join_inner",
            gather_copies,
            "Copies are in one split now. Undo takes it back.",
            "All copies of a photo go to training where one of them is there, else to validation.",
        ),
        Mend(
            "Leave copies out",
            "content_cut",
            leave_out_copies,
            "Copies are left out. Undo brings them back.",
            "Test photos stay as they are; their copies leave training and validation.",
        ),
    ),
}


def show_mends(dataset: Dataset, name: str) -> None:
    """Show the buttons of a check; a GraftError is shown in place."""
    with st.container(horizontal=True, gap="small"):
        pressed = [
            mend
            for mend in MENDS[name]
            if st.button(mend.label, key=f"mend_{mend.label}", icon=f":material/{mend.icon}:", help=mend.help or None)
        ]
    for mend in pressed:
        apply_change(dataset, mend.mend, mend.done)


def apply_change(dataset: Dataset, change: Callable[[Home, Dataset], Dataset], done: str) -> None:
    """Make the version that the change gives and show it, saying `done`; a GraftError is shown in place."""
    try:
        changed = change(state.home(), dataset)
    except GraftError as error:
        show_error(error)
        return
    state.choose_dataset(changed)
    state.flash(done)
    st.rerun()
