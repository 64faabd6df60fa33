"""How the predictions of each kind of label are shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import streamlit as st

from core.execution import RunResults
from core.tasks import KINDS, LabelKind, Task
from dashboard.shared.texts import escape_html
from dashboard.use import classes


class PredictionViewer(Protocol):
    """Shows the predictions of one kind of label; a module of this folder can be one."""

    def show_prediction(self, model: RunResults, task: Task, prediction: Mapping[str, Any]) -> None:
        """One photo's prediction, large."""
        ...

    def is_unsure(self, prediction: Mapping[str, Any]) -> bool:
        """Whether the prediction itself says that it is a guess."""
        ...

    def table_cells(self, prediction: Mapping[str, Any]) -> dict[str, object]:
        """By column, the prediction in a table of several photos."""
        ...

    def empty_cells(self, reason: str) -> dict[str, object]:
        """`table_cells` of a photo that could not be read, with the reason."""
        ...

    def column_config(self, name: str) -> Any:
        """How Streamlit draws a column of `table_cells`; None for plain text."""
        ...

    def known_in_words(self, tasks: Sequence[Task]) -> str:
        """What the model can answer at all, in a sentence."""
        ...


class WordsOfKind:
    """The viewer of kinds without one of their own: the words that the kind has for every place."""

    def __init__(self, kind: LabelKind) -> None:
        self._kind = kind

    def show_prediction(self, model: RunResults, task: Task, prediction: Mapping[str, Any]) -> None:
        words, confidence = self._kind.prediction_in_words(dict(prediction))
        title = f'<p class="muted small">{escape_html(task.name)}</p>' if len(model.tasks) > 1 else ""
        st.html(f'{title}<p class="big name">{escape_html(words)} <small>{escape_html(confidence)}</small></p>')

    def is_unsure(self, prediction: Mapping[str, Any]) -> bool:
        return False

    def table_cells(self, prediction: Mapping[str, Any]) -> dict[str, object]:
        words, confidence = self._kind.prediction_in_words(dict(prediction))
        return {"answer": words, "sure": confidence}

    def empty_cells(self, reason: str) -> dict[str, object]:
        return {"answer": reason, "sure": ""}

    def column_config(self, name: str) -> Any:
        return None

    def known_in_words(self, tasks: Sequence[Task]) -> str:
        return f"It says {' and '.join(self._kind.question(task) for task in tasks)}."


VIEWERS: dict[str, PredictionViewer] = {"classes": classes}


def viewer_of(kind: str) -> PredictionViewer:
    return VIEWERS.get(kind) or WordsOfKind(KINDS[kind])
