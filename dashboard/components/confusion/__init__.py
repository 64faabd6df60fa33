"""The confusion matrix as a table whose cells open their photos, by mouse or keyboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.components.loading import load_component

MAX_CLASSES = 24  # with more, a cell would be smaller than a finger

_component = load_component(Path(__file__).parent, isolate_styles=False)


@dataclass(frozen=True)
class Cell:
    """Class indices: what a photo is, and what the model predicts."""

    truth: int
    predicted: int


def most_confused_classes(counts: Sequence[Sequence[int]] | np.ndarray, limit: int = MAX_CLASSES) -> list[int]:
    """Class indices in order: all of them, or those that take part in most mistakes. counts: [truth][predicted]."""
    table = np.asarray(counts)
    if len(table) <= limit:
        return list(range(len(table)))
    mistakes = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    return sorted(np.argsort(-mistakes, kind="stable")[:limit].tolist())


def confusion_matrix(
    classes: Sequence[str], counts: Sequence[Sequence[int]] | np.ndarray, key: str, selected: Cell | None
) -> Cell | None:
    """Draw the matrix; returns the cell that was just opened. counts: [truth][predicted], over all classes."""
    shown = most_confused_classes(counts)
    is_visible = selected is not None and {selected.truth, selected.predicted} <= set(shown)
    result = _component(
        key=key,
        data={
            "classes": [classes[i] for i in shown],
            "counts": [[int(counts[i][j]) for j in shown] for i in shown],
            "selected": [shown.index(selected.truth), shown.index(selected.predicted)]
            if selected and is_visible
            else None,
        },
        on_opened_change=lambda: None,
    )
    return parse_cell(result.opened, shown)


def parse_cell(payload: Any, shown: Sequence[int]) -> Cell | None:
    """Validate what the browser sent. shown: the class index of each row. None when there is nothing, or nonsense."""
    if not isinstance(payload, dict):
        return None
    truth, predicted = payload.get("truth"), payload.get("predicted")
    if not isinstance(truth, int) or not isinstance(predicted, int):
        return None
    if not (0 <= truth < len(shown) and 0 <= predicted < len(shown)):
        return None
    return Cell(shown[truth], shown[predicted])
