"""Runs that cannot be read any more: named, and deleted when that is wanted; they stop none of the others."""

import streamlit as st

from core.runs import DamagedRun, damaged_runs, delete_run
from dashboard.session import state
from dashboard.shared.dialogs import confirm_deletion
from dashboard.shared.texts import escape_html, escape_markdown


def show_damaged() -> None:
    for run in damaged_runs(state.home()):
        with (
            st.container(key=f"card_damaged_{run.id}"),
            st.container(horizontal=True, vertical_alignment="center", wrap=False),
        ):
            st.html(
                f'<b>{escape_html(run.name)}</b> <span class="pill stop">damaged</span><br>'
                '<span class="muted small">What is kept of it cannot be read any more. The other runs are whole.</span>'
            )
            if st.button("Delete", key=f"delete_{run.id}", icon=":material/delete:"):
                _open_dialog(run)


def _open_dialog(run: DamagedRun) -> None:
    def delete() -> None:
        delete_run(state.home(), run.id)
        state.flash(f"{run.name} is deleted.")

    text = f"**{escape_markdown(run.name)}** goes with its model. This cannot be undone."
    confirm_deletion("Delete the run?", text, delete)
