"""All runs as a table, and what can be done with one of them: open, go on, tag, note, rename, delete."""

import re
from collections.abc import Sequence

import streamlit as st

from core.backbones import get_card
from core.errors import GraftError, NotFound
from core.monitoring import sparklines
from core.runs import HAS_RESULTS, Run, delete_run, get_run, list_runs, rename_run, resume, set_note, set_tags
from core.units import format_duration
from dashboard.components.run_table import RunAction, RunRow, run_table
from dashboard.session import state
from dashboard.shared.dialogs import ask_name, confirm_deletion
from dashboard.shared.run_status import progress_in_words, state_in_words
from dashboard.shared.texts import escape_markdown, format_time, show_error

ASKED = "asked of a run"  # a value of this tab: what the table asked for and the page has not done yet
REFRESH_SECONDS = 2.0


def ticked_runs(runs: Sequence[Run]) -> list[Run]:
    """The runs that are ticked for comparison, in the order of ticking."""
    by_id = {run.id: run for run in runs}
    return [by_id[each] for each in state.compared_runs() if each in by_id]


def show_list(runs: Sequence[Run]) -> None:
    """Show the table, and do what was asked for in it. While a run is not over, its row says how far it is."""
    st.fragment(_draw_table, run_every=None if all(run.is_over for run in runs) else REFRESH_SECONDS)()
    action = state.get_tab_value(ASKED)
    if action is not None:
        state.drop_tab_value(ASKED)
        apply_action(action)


def _draw_table() -> None:
    """The table as the runs are now. What is asked for is left to the page: a dialog that opened in here would close
    when the table is drawn anew."""
    runs = list_runs(state.home())
    ticked = [run.id for run in ticked_runs(runs)]
    action, now_ticked = run_table(rows_of(runs), ticked, key="all_runs")
    if now_ticked != ticked:
        state.set_compared_runs(now_ticked)
        st.rerun()
    if action is not None:
        state.set_tab_value(ASKED, action)
        st.rerun()


def rows_of(runs: Sequence[Run]) -> list[RunRow]:
    curves = sparklines(state.home(), runs)
    return [_row(run, tuple(curves[run.id])) for run in runs]


def _row(run: Run, losses: tuple[float, ...]) -> RunRow:
    word, tone = state_in_words(run)
    best = run.progress.best
    return RunRow(
        id=run.id,
        name=run.name,
        state=word,
        tone=tone,
        about="" if run.state in HAS_RESULTS else progress_in_words(run),
        dataset=run.dataset_name,
        model=model_title(run.plan.backbone.name),
        score=score_of(best.accuracy_text) if best else None,
        score_text=best.accuracy_text if best else "",
        losses=losses,
        seconds=run.seconds,
        seconds_text=format_duration(run.seconds) if run.seconds else "",
        created=run.created,
        created_text=format_time(run.created),
        tags=run.tags,
        note=run.note,
        can_resume=run.can_resume,
    )


def score_of(text: str) -> float | None:
    """The first figure of a score in words, to sort by: "86.2 % ± 3.7" = 86.2."""
    found = re.search(r"-?\d+(?:\.\d+)?", text)
    return float(found.group()) if found else None


def model_title(name: str) -> str:
    """The gallery's title; for other backbones the whole name, which tells two sets of weights of one network apart."""
    try:
        card = get_card(name)
    except NotFound:  # this timm no longer has it
        return name
    return card.title if card.gallery else name


def apply_action(action: RunAction) -> None:
    """Do what was asked for; a run that cannot be found any more, or a tag that is too long, is said in place."""
    home = state.home()
    try:
        run = get_run(home, action.run_id)
        match action.kind:
            case "open":
                state.open_run(run)
                st.switch_page("results/page.py" if run.state in HAS_RESULTS else "train/page.py")
            case "resume":
                resume(home, run.id)
                state.open_run(run)
                st.switch_page("train/page.py")
            case "rename":
                open_rename_dialog(run)
            case "delete":
                open_delete_dialog(run)
            case "tags":
                set_tags(home, run.id, action.tags)
                st.rerun()
            case "note":
                set_note(home, run.id, action.text)
                st.rerun()
    except GraftError as error:
        show_error(error)


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
