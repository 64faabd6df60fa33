"""Runs as rows: open, go on, rename, delete, tick for comparison."""

from collections.abc import Sequence

import streamlit as st

from core.backbones import get_card
from core.errors import GraftError, NotFound
from core.runs import Run, delete_run, rename_run, resume
from dashboard.session import state
from dashboard.shared.dialogs import ask_name, confirm_deletion
from dashboard.shared.run_status import progress_in_words, state_pill
from dashboard.shared.texts import escape_html, escape_markdown, show_error

ROWS_AT_FIRST = 30


def show_list(runs: Sequence[Run]) -> list[Run]:
    """Show a row for each run; returns those that are ticked for comparison."""
    shown = runs if st.session_state.get("all_runs") else runs[:ROWS_AT_FIRST]
    ticked = [run for run in shown if _show_row(run)]
    if len(runs) > ROWS_AT_FIRST:
        st.toggle(f"All {len(runs):,}", key="all_runs")
    return ticked


def _show_row(run: Run) -> bool:
    """Show one run; returns whether it is ticked."""
    with st.container(key=f"card_run_{run.id}"):
        about, buttons = st.columns([3, 2], vertical_alignment="center")
        with about.container(horizontal=True, vertical_alignment="center", wrap=False):
            label = f"Compare {escape_markdown(run.name)}"
            is_ticked = st.checkbox(label, key=f"compare_{run.id}", label_visibility="collapsed", width="content")
            st.html(
                f'{state_pill(run)} <b>{escape_html(run.name)}</b><br><span class="muted small">'
                f"{escape_html(run.dataset_name)}, {escape_html(_backbone_title(run))}: "
                f"{escape_html(progress_in_words(run))}</span>"
            )
        with buttons.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if run.can_resume and st.button("Go on", key=f"resume_{run.id}", icon=":material/play_arrow:"):
                _resume(run)
            if st.button("Open", key=f"open_{run.id}"):
                state.open_run(run)
                st.switch_page("results/page.py" if run.state in ("finished", "stopped") else "train/page.py")
            if st.button("", key=f"rename_{run.id}", icon=":material/edit:", type="tertiary", help="Rename"):
                open_rename_dialog(run)
            if st.button("", key=f"delete_{run.id}", icon=":material/delete:", type="tertiary", help="Delete"):
                open_delete_dialog(run)
    return is_ticked


def _backbone_title(run: Run) -> str:
    """The gallery's title; for other backbones the whole name, which tells two sets of weights of one network apart."""
    name = run.plan.backbone.name
    try:
        card = get_card(name)
    except NotFound:  # this timm no longer has it
        return name
    return card.title if card.gallery else name


def _resume(run: Run) -> None:
    try:
        resume(state.home(), run.id)
    except GraftError as error:
        show_error(error)
        return
    state.open_run(run)
    st.switch_page("train/page.py")


def open_rename_dialog(run: Run) -> None:
    ask_name("Rename the run", run.name, lambda name: rename_run(state.home(), run.id, name))


def open_delete_dialog(run: Run) -> None:
    def delete() -> None:
        delete_run(state.home(), run.id)
        state.flash(f"{run.name} is deleted.")

    confirm_deletion(
        "Delete the run?",
        f"**{escape_markdown(run.name)}**, its curves, its results and its model. This cannot be undone.",
        delete,
    )
