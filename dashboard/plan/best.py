"""Find the best for me: a person gives minutes, and takes what was found into the plan."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.backbones import get_card
from core.datasets import Dataset
from core.execution import Best, OutOfTime, Tried, find_best
from core.home import Home, Progress
from core.plans import Plan
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.background_jobs import Cancelled
from dashboard.shared.job_progress import show_running_job
from dashboard.shared.texts import escape_html, show_error, show_note

MINUTES = 5
COLUMNS = ("Network", "What learns", "Right", "Judged by", "Took")
Found = list[Tried | Best]
_found: dict[str, Found] = {}  # by what was searched: grows while a search goes on, so that pages show it


def show_best(plan: Plan, dataset: Dataset) -> None:
    """Folded until somebody asks; for one label, since heads of several are compared one by one."""
    if len(plan.tasks) > 1:
        return
    subject = f"best {dataset.id} {dataset.version} {plan.tasks[0]}"
    search = background_jobs.latest("trial", subject)
    with st.expander("Find the best for me", expanded=search is not None):
        show_note(GLOSSARY["find the best"])
        if search and search.state == "running":
            show_running_job(search)
            _show_table_so_far(subject)
            return
        if search and search.error:
            show_error(search.error)
        found = _found.get(subject, [])
        _show_found(found)
        _show_start(subject, dataset, plan.tasks[0], again=bool(found))


@st.fragment(run_every=2)
def _show_table_so_far(subject: str) -> None:
    _show_table([each for each in _found.get(subject, []) if isinstance(each, Tried)])


def _show_found(found: Found) -> None:
    _show_table([each for each in found if isinstance(each, Tried)])
    for best in found:
        if isinstance(best, Best):
            show_note(best.in_words)
            st.button("Take it into the plan", key="take_best", icon=":material/check:", on_click=_take, args=(best,))


def _take(best: Best) -> None:
    state.choose_card(get_card(best.plan.backbone.name))
    state.set_plan(best.plan)


def _show_start(subject: str, dataset: Dataset, task: str, again: bool) -> None:
    minutes, button = st.columns([1, 2], vertical_alignment="bottom")
    wanted = minutes.number_input("Minutes", 1, 600, MINUTES, key="best_minutes")
    if button.button("Search again" if again else "Search", key="find_best", icon=":material/search:"):
        work = partial(_search, state.home(), subject, dataset, task, 60 * wanted)
        background_jobs.start("trial", subject, "Looking for the best", work)
        st.rerun()


def _search(home: Home, subject: str, dataset: Dataset, task: str, seconds: float, progress: Progress) -> None:
    """Somebody who cancels has seen enough: the best so far is what was asked for."""
    found: Found = []
    _found[subject] = found

    def until_enough(done: int, total: int, words: str) -> None:
        try:
            progress(done, total, words)
        except Cancelled:
            raise OutOfTime from None

    for each in find_best(home, dataset, task, seconds, until_enough):
        found.append(each)


def _show_table(tried: Sequence[Tried]) -> None:
    """Of each thing what was found last; those that were judged by more photos above, the best of them first."""
    if not tried:
        return
    latest = {(each.network, each.size, each.way): each for each in tried}.values()
    ordered = sorted(latest, key=lambda each: (-each.photos if each.is_cross_validated else -1e9, -each.accuracy.value))
    rows = "".join(
        f'<tr><th scope="row">{escape_html(each.network)}, {each.size} px</th>'
        f"<td>{escape_html(each.way)}</td>"
        f"<td><b>{escape_html(each.accuracy.text)}</b></td><td>{each.photos:,} {_judges(each)}</td>"
        f"<td>{each.seconds:.0f} s</td></tr>"
        for each in ordered
    )
    heads = "".join(f'<th scope="col">{title}</th>' for title in COLUMNS)
    st.html(f'<div class="graft-classes"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>')


def _judges(tried: Tried) -> str:
    return "photos" if tried.is_cross_validated else "validation photos"
