"""The figures of a result, each with its margin; the test figure stays shut until it is asked for."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.errors import GraftError
from core.evaluation import ClassResult, Interval, SplitResult, TaskResult
from core.execution import open_test
from core.runs import Run
from dashboard.session import state
from dashboard.shared.texts import escaped, many, show_error
from dashboard.words import WORDS

STYLE = Path(__file__).parents[1] / "shared" / "figures.css"


def show_figures(run: Run, result: TaskResult, epoch: int, test_photos: int) -> None:
    validation, test, words = st.columns([1, 1, 1.25], gap="large")
    with validation:
        _big(
            result.validation,
            f"of {many(result.validation.images, 'validation photo')} it had not learned from, at epoch {epoch}.",
        )
    with test:
        if result.test is not None:
            _big(result.test, f"of {many(result.test.images, 'test photo')}. {opened(run.test_opened)}")
        else:
            _shut_test(run, test_photos)
    with words:
        shown = result.validation
        st.html(
            f'<div class="verdict"><b>{escaped(shown.title)}</b><p class="quiet">{escaped(shown.sentence)}</p></div>'
        )


def _big(split: SplitResult, words: str) -> None:
    if split.accuracy is None:
        st.html('<p class="big">?</p><p class="quiet">None of these photos has a label.</p>')
        return
    st.html(
        f'<p class="big" title="{escaped(WORDS["margin"])}">{escaped(split.accuracy.percent)}'
        f"<small> {escaped(split.accuracy.plus_minus)}</small></p>"
        f'<p class="quiet">{escaped(words)}</p>'
    )


def opened(times: int) -> str:
    """How often somebody looked: each look makes the figure a little less honest."""
    if times <= 1:
        return "Opened once, as it should be."
    return f"Opened {times} times: the more often one looks and chooses, the less it means."


def _shut_test(run: Run, photos: int) -> None:
    st.html(
        '<p class="big" style="opacity:.38" aria-label="not opened yet">? %</p>'
        f'<p class="quiet">of {many(photos, "test photo")}. Look once, when you are done choosing.</p>'
    )
    if not photos:
        return
    with st.popover("Open the test photos", icon=":material/lock:", help=WORDS["test"]):
        st.write("Have you chosen your model? After this look, choosing between models by this figure would spoil it.")
        if st.button("Open them now", type="primary", key="open_test"):
            try:
                with st.spinner("Looking at the test photos ..."):
                    open_test(state.home(), run.id)
            except GraftError as error:
                show_error(error)
            else:
                st.rerun()


def show_class_table(classes: Sequence[ClassResult]) -> None:
    """Precision, recall and F1 of each class with their margins, the weakest first."""
    ordered = sorted(classes, key=lambda one: one.f1.value if one.f1 else -1)
    rows = "".join(
        f'<tr><th scope="row">{escaped(one.name)}</th><td>{one.images:,}</td><td>{_cell(one.precision)}</td>'
        f"<td>{_cell(one.recall)}</td><td>{_cell(one.f1)}{_bar(one.f1)}</td></tr>"
        for one in ordered
    )
    heads = "".join(
        f'<th scope="col" title="{escaped(WORDS[word])}">{title}</th>'
        for title, word in (
            ("Class", "classes"),
            ("Photos", "classes"),
            ("Precision", "precision of a class"),
            ("Recall", "recall"),
            ("F1", "f1"),
        )
    )
    st.html(STYLE)
    st.html(f'<div class="graft-classes"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>')


def _cell(share: Interval | None) -> str:
    if share is None:
        return '<span style="color:var(--quiet)">none</span>'
    return f'<b>{escaped(share.percent)}</b> <span class="off">{escaped(share.plus_minus)}</span>'


def _bar(share: Interval | None) -> str:
    return f'<i><i style="width:{100 * share.value:.0f}%"></i></i>' if share else ""
