"""Whether several labels learned together are better than each learned alone: runs to compare with, and a table."""

from collections.abc import Sequence

import streamlit as st

from core.errors import GraftError
from core.execution import submit_alone
from core.monitoring import TaskGain, gains_in_words, read_gains
from core.runs import Run
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.run_status import progress_in_words, state_in_words
from dashboard.shared.texts import escape_html, show_error, show_note

REFRESH_SECONDS = 2.0
SURELY = {1: "better together", -1: "better alone", 0: "no sure difference"}


def show_together(run: Run) -> None:
    """For a run of several labels. It draws itself anew while the other runs are on their way."""
    if len(run.plan.tasks) == 1:
        return
    st.header("Does learning together help?", anchor=False, help=GLOSSARY["together or alone"])
    gains = read_gains(state.home(), run)
    st.fragment(lambda: _draw(run, gains), run_every=REFRESH_SECONDS if _are_on_their_way(gains) else None)()


def _are_on_their_way(gains: Sequence[TaskGain]) -> bool:
    return any(gain.alone is not None and not gain.alone.is_over for gain in gains)


def _draw(run: Run, before: Sequence[TaskGain]) -> None:
    gains = read_gains(state.home(), run)
    if _are_on_their_way(before) and not _are_on_their_way(gains):
        st.rerun()  # as a whole: from now on nothing moves here
    if sentence := gains_in_words(run.plan, gains):
        st.html(f'<p class="answer">{escape_html(sentence)}</p>')
    if any(gain.alone for gain in gains):
        st.html(_table(gains))
    if all(gain.is_known for gain in gains):
        show_note("On the validation photos. The margin counts which photos judged; another seed moves figures, too.")
    elif any(gain.alone is None or gain.alone.state == "interrupted" for gain in gains):
        _show_button(run, len(gains))


def _show_button(run: Run, labels: int) -> None:
    show_note(
        f"To tell, {labels} runs are needed: the same plan for each label alone. They queue behind what is running."
    )
    if st.button("Learn each alone, to compare", icon=":material/call_split:", key="learn_alone"):
        try:
            submit_alone(state.home(), run)
        except GraftError as error:
            show_error(error)
        else:
            st.rerun()


def _table(gains: Sequence[TaskGain]) -> str:
    heads = "".join(f'<th scope="col">{title}</th>' for title in ("Label", "Together", "Alone", "Difference"))
    rows = "".join(_row(gain) for gain in gains)
    return f'<div class="graft-beside"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(gain: TaskGain) -> str:
    together, alone = gain.figures
    cells = [escape_html(together), escape_html(alone) if alone else _pending(gain.alone)]
    difference = ""
    if gain.comparison is not None and gain.is_known:
        words = escape_html(SURELY[gain.comparison.surely_better])
        difference = f'<b>{escape_html(gain.comparison.difference_text)}</b> <span class="off">{words}</span>'
    columns = "".join(f"<td>{cell}</td>" for cell in (*cells, difference))
    return f'<tr><th scope="row">{escape_html(gain.task)}</th>{columns}</tr>'


def _pending(run: Run | None) -> str:
    if run is None:
        return '<span class="off">not learned yet</span>'
    word, _ = state_in_words(run)
    how_far = f", {progress_in_words(run)}" if run.state == "running" else ""
    return f'<span class="off">{escape_html(word + how_far)}</span>'
