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


def show_figures(run: Run, result: TaskResult, epoch: int, test_photos: int) -> None:
    validation, test, words = st.columns([1, 1, 1.25], gap="large")
    with validation:
        _big(
            result.validation,
            f"of {pluralize(result.validation.images, 'validation photo')} it had not learned from, at epoch {epoch}.",
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
    st.html(
        f'<p class="big" title="{escape_html(GLOSSARY["margin"])}">{escape_html(split.figure.amount)}'
        f"<small> {escape_html(split.figure.plus_minus)}</small></p>"
        f'<p class="muted">{escape_html(words)}</p>'
    )


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
    with st.popover("Open the test photos", icon=":material/lock:", help=GLOSSARY["test"]):
        st.write("Have you chosen your model? After this look, choosing between models by this figure would spoil it.")
        if st.button("Open them now", type="primary", key="open_test"):
            try:
                with st.spinner("Looking at the test photos ..."):
                    open_test(state.home(), run.id)
            except GraftError as error:
                show_error(error)
            else:
                st.rerun()
