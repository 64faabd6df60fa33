"""How the predictions of each kind of label are shown: one viewer per kind in `core.tasks.KINDS`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.execution import RunResults
from core.tasks import Task
from dashboard.use import classes


class PredictionViewer(Protocol):
    """A module of this folder that shows the predictions of one kind of label."""

    def show_prediction(self, model: RunResults, task: Task, prediction: Mapping[str, Any]) -> None:
        """One photo's prediction, large."""
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


VIEWERS: dict[str, PredictionViewer] = {"classes": classes}
