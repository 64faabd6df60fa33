"""What it takes for what: the confusion matrix as a table whose cells open their photos, by mouse or keyboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

HERE = Path(__file__).parent
MOST = 24  # classes; with more, a cell would be smaller than a finger

_component = st.components.v2.component(
    "graft.confusion",
    html=(HERE / "confusion.html").read_text(encoding="utf-8"),
    css=(HERE / "confusion.css").read_text(encoding="utf-8"),
    js=(HERE / "confusion.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # the colours of both themes stand in the page's own style sheet
)


@dataclass(frozen=True)
class Cell:
    """Class indices: what a photo is, and what the model says."""

    truth: int
    answer: int


def worth_showing(counts: Sequence[Sequence[int]], most: int = MOST) -> list[int]:
    """Class indices, in order: all of them, or those that take part in most mistakes."""
    table = np.asarray(counts)
    if len(table) <= most:
        return list(range(len(table)))
    wrong = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    return sorted(np.argsort(-wrong, kind="stable")[:most].tolist())


def confusion(classes: Sequence[str], counts: Sequence[Sequence[int]], key: str, chosen: Cell | None) -> Cell | None:
    """Draw it; gives the cell that was just opened. counts: [truth][answer], over all classes."""
    shown = worth_showing(counts)
    place = {index: at for at, index in enumerate(shown)}
    marked = chosen and chosen.truth in place and chosen.answer in place
    result = _component(
        key=key,
        data={
            "classes": [classes[i] for i in shown],
            "counts": [[int(counts[i][j]) for j in shown] for i in shown],
            "chosen": [place[chosen.truth], place[chosen.answer]] if chosen and marked else None,
        },
        on_opened_change=lambda: None,
    )
    return cell_from(result.opened, shown)


def cell_from(told: Any, shown: Sequence[int]) -> Cell | None:
    """What the browser told, checked: it is not to be trusted."""
    if not isinstance(told, dict):
        return None
    truth, answer = told.get("truth"), told.get("answer")
    if not all(isinstance(i, int) and 0 <= i < len(shown) for i in (truth, answer)):
        return None
    return Cell(shown[truth], shown[answer])
