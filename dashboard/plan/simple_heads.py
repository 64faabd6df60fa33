"""Simple heads, compared: in seconds, on what the network sees in the photos; any of them can be the plan's head."""

from functools import partial

import streamlit as st

from core.activity import activity_in_words
from core.evaluation import HeadSubject, OutOfFold, compared_heads
from core.home import Home, Progress
from core.job import Event, Prepared
from core.plans import SIMPLE_HEADS, HeadKind, Plan, is_simple, take_head
from core.training import compare_heads
from dashboard.glossary import GLOSSARY
from dashboard.plan.trying import latest_trial, try_out
from dashboard.plan.widgets import change_plan
from dashboard.session import state
from dashboard.shared.texts import escape_html, pluralize, show_note

HEADS = "simple heads"  # the part of the page, and the name of its trial
TITLE = "Simple heads, compared"


def show_simple_heads(plan: Plan) -> None:
    """Folded until they are asked for, or one of them is the plan's head."""
    subjects = [HeadSubject.of(take_head(plan, "linear"), task) for task in plan.tasks]
    chosen = plan.head.kind if is_simple(plan.head.kind) else None
    with st.expander(TITLE, expanded=bool(chosen or latest_trial(plan, HEADS))):
        st.caption(
            "Where the network stays frozen, a head can be made in seconds, in several ways. All photos but those of "
            "the test judge them by turns.",
            help=GLOSSARY["simple heads"],
        )
        found = compared_by_kind(state.home(), subjects)
        if found:
            _show_table(found, chosen)
        try_out(plan, HEADS, "Compare them", "Comparing simple heads", partial(_compare, state.home(), plan))
        if chosen:
            st.button("Back to the usual head", key="usual_head", on_click=_take, args=("linear",))


def compared_by_kind(home: Home, subjects: list[HeadSubject]) -> dict[HeadKind, list[OutOfFold]]:
    """By kind, what is known of it for each subject, the most accurate first; only kinds that all were compared by."""
    by_subject = [{each.kind: each for each in compared_heads(home, subject)} for subject in subjects]
    kinds = [kind for kind in SIMPLE_HEADS if all(kind in each for each in by_subject)]
    found = {kind: [each[kind] for each in by_subject] for kind in kinds}
    return dict(sorted(found.items(), key=lambda item: -sum(each.accuracy.value for each in item[1])))


def _show_table(found: dict[HeadKind, list[OutOfFold]], chosen: HeadKind | None) -> None:
    for kind, answers in found.items():
        with st.container(key=f"simple_head_{kind}"):
            what, use = st.columns([4, 1.1], vertical_alignment="center")
            what.html(row_in_html(kind, answers))
            use.button(
                "In the plan" if kind == chosen else "Use this head", key=f"use_{kind}", disabled=kind == chosen,
                width="stretch", on_click=_take, args=(kind,),
            )  # fmt: skip
    photos = max(len(each.labels) for answers in found.values() for each in answers)
    show_note(
        f"{pluralize(photos, 'photo')}, each judged by heads that had not seen it. Differences within the margins may "
        "be chance.",
        small=True,
    )


def row_in_html(kind: HeadKind, answers: list[OutOfFold]) -> str:
    """A head with what it does, how often it is right and how long it took. answers: for each task."""
    head, several = SIMPLE_HEADS[kind], len(answers) > 1
    figures = "".join(_figure(each, each.subject.task if several else "right", head.setting) for each in answers)
    return (
        f'<div class="graft-head"><p><b>{escape_html(head.title)}</b> <span class="muted small">'
        f'{escape_html(head.sentence)}</span></p><p class="figure">{figures}</p></div>'
    )


def _figure(answers: OutOfFold, what: str, setting: str) -> str:
    parts = (what, f"{setting} = {answers.setting:g}" if setting else "", f"{answers.seconds:.1f} s")
    small = " · ".join(part for part in parts if part)
    return f"<b>{escape_html(answers.accuracy.text)}</b><small>{escape_html(small)}</small>"


def _take(kind: HeadKind) -> None:
    change_plan(lambda plan: take_head(plan, kind), HEADS)


def _compare(home: Home, plan: Plan, progress: Progress) -> None:
    def tell(event: Event) -> None:
        if isinstance(event, Prepared):
            progress(event.done, event.total, activity_in_words(event.kind))

    compare_heads(home, plan, tell)
