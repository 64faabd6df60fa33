"""The figures of a result, each with its margin; the test figure stays shut until it is asked for."""

import streamlit as st

from core.errors import GraftError
from core.evaluation import TaskResult
from core.execution import open_test
from core.runs import Run
from core.tasks import SplitResult
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.texts import escape_html, pluralize, show_error


def show_figures(run: Run, result: TaskResult, kept: str, test_photos: int) -> None:
    """kept: which model the figures are of."""
    validation, test, words = st.columns([1, 1, 1.25], gap="large")
    with validation:
        _big(
            result.validation,
            f"of {pluralize(result.validation.images, 'validation photo')} it had not learned from, at {kept}.",
        )
    with test:
        if result.test is not None:
            _big(result.test, f"of {pluralize(result.test.images, 'test photo')}. {opened(run.test_opened)}")
        else:
            _shut_test(run, test_photos)
    with words:
        shown = result.validation
        st.html(
            f'<div class="verdict"><b>{escape_html(shown.title)}</b>'
            f'<p class="muted">{escape_html(shown.sentence)}</p></div>'
        )


def _big(split: SplitResult, words: str) -> None:
    if split.figure is None:
        st.html('<p class="big">?</p><p class="muted">None of these photos has a label.</p>')
        return
    margin = split.figure.plus_minus
    st.html(
        f'<p class="big">{escape_html(split.figure.amount)}<small> {escape_html(margin)}</small></p>'
        f'<p class="muted">{escape_html(words)}</p>'
        f'<p class="muted small">{escape_html(margin_in_words(margin))}</p>'
    )


def margin_in_words(plus_minus: str) -> str:
    """What stands behind a figure, where it stands: "± 7.2: with other photos ..."."""
    if plus_minus.startswith("±"):
        return f"{plus_minus}: with other photos it would differ by about this much, in 95 of 100 cases."
    return f"{plus_minus.strip('()')}: with other photos it would lie in there, in 95 of 100 cases."


def opened(times: int) -> str:
    """How often somebody looked: each look makes the figure a little less honest."""
    if times <= 1:
        return "Opened once, as it should be."
    return f"Opened {times} times: the more often one looks and chooses, the less it means."


def _shut_test(run: Run, photos: int) -> None:
    st.html(
        '<p class="big shut" aria-label="not opened yet">? %</p>'
        f'<p class="muted">of {pluralize(photos, "test photo")}. Look once, when you are done choosing.</p>'
    )
    if not photos:
        return
    # Without a hover of its own, which would lie over what it opens.
    with st.popover("Open the test photos", icon=":material/lock:"):
        st.write(GLOSSARY["test"])
        st.write("Have you chosen your model? After this look, choosing between models by this figure would spoil it.")
        if st.button("Open them now", type="primary", key="open_test"):
            try:
                with st.spinner("Looking at the test photos ..."):
                    open_test(state.home(), run.id)
            except GraftError as error:
                show_error(error)
            else:
                st.rerun()
