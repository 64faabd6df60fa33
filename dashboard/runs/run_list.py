"""Runs as rows: open, go on, rename, delete; and what differed between some of them."""

import json
import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.backbones import get_card
from core.errors import GraftError, NotFound
from core.runs import Run, delete_run, rename_run, resume
from dashboard.session import state
from dashboard.shared.run_status import progress_in_words, state_pill
from dashboard.shared.texts import escape_html, escape_markdown, format_duration, format_time, show_error, show_note

ROWS_AT_FIRST = 30
NOT_COMPARED = ("device",)  # where it ran is said by the run itself


def show_list(runs: Sequence[Run]) -> list[Run]:
    """A row for each run; gives those that are ticked for comparison."""
    shown = runs if st.session_state.get("all_runs") else runs[:ROWS_AT_FIRST]
    chosen = [run for run in shown if _row(run)]
    if len(runs) > ROWS_AT_FIRST:
        st.toggle(f"All {len(runs):,}", key="all_runs")
    return chosen


def _row(run: Run) -> bool:
    with st.container(key=f"card_run_{run.id}"):
        about, buttons = st.columns([3, 2], vertical_alignment="center")
        with about.container(horizontal=True, vertical_alignment="center", wrap=False):
            label = f"Compare {escape_markdown(run.name)}"
            ticked = st.checkbox(label, key=f"compare_{run.id}", label_visibility="collapsed", width="content")
            st.html(
                f'{state_pill(run)} <b>{escape_html(run.name)}</b><br><span class="muted small">'
                f"{escape_html(run.dataset_name)}, {escape_html(_backbone(run))}: "
                f"{escape_html(progress_in_words(run))}</span>"
            )
        with buttons.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if run.can_resume and st.button("Go on", key=f"resume_{run.id}", icon=":material/play_arrow:"):
                _go_on(run)
            if st.button("Open", key=f"open_{run.id}"):
                state.open_run(run)
                st.switch_page("results/page.py" if run.state in ("finished", "stopped") else "train/page.py")
            if st.button("", key=f"rename_{run.id}", icon=":material/edit:", type="tertiary", help="Rename"):
                rename(run)
            if st.button("", key=f"delete_{run.id}", icon=":material/delete:", type="tertiary", help="Delete"):
                delete(run)
    return ticked


def _backbone(run: Run) -> str:
    """As the gallery calls it; elsewhere its whole name, which tells two sets of weights of one network apart."""
    name = run.plan.backbone.name
    try:
        known = get_card(name)
    except NotFound:  # this timm no longer has it
        return name
    return known.title if known.gallery else name


def _go_on(run: Run) -> None:
    try:
        resume(state.home(), run.id)
    except GraftError as error:
        show_error(error)
        return
    state.open_run(run)
    st.switch_page("train/page.py")


@st.dialog("Rename the run")
def rename(run: Run) -> None:
    name = st.text_input("Name", run.name, max_chars=80)
    if st.button("Rename", key="rename_now", type="primary", disabled=not name.strip()):
        try:
            rename_run(state.home(), run.id, name.strip())
        except GraftError as error:
            show_error(error)
            return
        st.rerun()


@st.dialog("Delete the run?")
def delete(run: Run) -> None:
    st.markdown(f"**{escape_markdown(run.name)}**, its curves, its results and its model. This cannot be undone.")
    if st.button("Delete it", key="delete_now", type="primary", icon=":material/delete:"):
        try:
            delete_run(state.home(), run.id)
        except GraftError as error:
            show_error(error)
            return
        state.flash(f"{run.name} is deleted.")
        st.rerun()


def show_comparison(runs: Sequence[Run]) -> None:
    st.subheader("What differed")
    table = comparison(runs)
    st.dataframe(table, width="stretch", row_height=34)
    if len({run.plan.source for run in runs}) > 1:
        show_note("They did not learn from the same photos: their figures are not of the same photos either.")


def comparison(runs: Sequence[Run]) -> pd.DataFrame:
    """A column per run; first what came of it, then every field of the plans that is not the same in all."""
    fields = [_flat(json.loads(run.plan.model_dump_json())) for run in runs]
    names = dict.fromkeys(name for one in fields for name in one)
    differing = [name for name in names if len({one.get(name, "–") for one in fields}) > 1 and name not in NOT_COMPARED]
    rows = {
        "state": [run.state for run in runs],
        "accuracy on validation": [run.progress.best.accuracy_text if run.progress.best else "–" for run in runs],
        "took": [format_duration(run.ended - run.started) if run.started and run.ended else "–" for run in runs],
        "when": [format_time(run.created) for run in runs],
        **{_in_words(name): [one.get(name, "–") for one in fields] for name in differing},
    }
    columns = [f"{run.name} ({number})" for number, run in enumerate(runs, 1)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _in_words(field: str) -> str:
    """phases.1.stage_rates.5 = "phase 1: stage rates 5"."""
    return re.sub(r"^phases (\d+)", r"phase \1:", field.replace(".", " ").replace("_", " "))


def _flat(value: object, path: str = "") -> dict[str, str]:
    """{"optimizer.weight_decay": "0.01", ...}; lists by number from 1."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = ((str(number), part) for number, part in enumerate(value, 1))
    else:
        return {path: "–" if value is None else str(value)}
    flat: dict[str, str] = {}
    for name, part in parts:
        flat |= _flat(part, f"{path}.{name}" if path else str(name))
    return flat
