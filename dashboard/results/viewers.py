"""How the results of each kind of label are shown, below the figures: what was right and what was wrong."""

from collections.abc import Callable

import streamlit as st

from core.execution import RunResults
from core.tasks import SplitResult, Task, label_kind
from dashboard.navigation import show_next_button
from dashboard.results.classes import show_classes
from dashboard.shared.texts import escape_markdown

# Shows one task on one split.
ResultViewer = Callable[[RunResults, Task, SplitResult], None]


def show_table_of_kind(model: RunResults, task: Task, result: SplitResult) -> None:
    """The viewer of kinds without one of their own: the table that the kind has for every place."""
    table = label_kind(task).result_table(result)
    if table is not None:
        if table.title:
            st.header(escape_markdown(table.title), anchor=False)
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        st.dataframe(rows, hide_index=True, width="stretch")
    show_next_button("results", "try it on a new photo")


VIEWERS: dict[str, ResultViewer] = {"classes": show_classes}


def viewer_of(task: Task) -> ResultViewer:
    return VIEWERS.get(task.kind, show_table_of_kind)
