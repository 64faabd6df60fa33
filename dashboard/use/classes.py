"""Predictions of classes on the screen: the likeliest class, how far to believe it, and all classes as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.execution import RunResults
from core.tasks import Task, accuracy_at_confidence
from dashboard.shared.texts import escape_html, format_probability

UNSURE = 0.6
SHOWN_CLASSES = 6
NAMED = 8


def rank_classes(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    """Classes with their probability, the likeliest first."""
    return sorted(probabilities.items(), key=lambda item: -item[1])


def is_unsure(prediction: Mapping[str, Any]) -> bool:
    """Whether the likeliest class is hardly likelier than all others together."""
    ranked = rank_classes(prediction)
    return len(ranked) > 1 and ranked[0][1] < UNSURE


def answer_in_words(prediction: Mapping[str, Any]) -> str:
    """The likeliest class; where it is unsure, the two likeliest."""
    ranked = rank_classes(prediction)
    return f"{ranked[0][0]} or {ranked[1][0]}?" if is_unsure(prediction) else ranked[0][0]


def show_prediction(model: RunResults, task: Task, prediction: Mapping[str, Any]) -> None:
    """The likeliest class large, or that it is unsure; what its confidence is worth, and all classes as bars."""
    ranked = rank_classes(prediction)
    confidence = ranked[0][1]
    title = f'<p class="muted small">{escape_html(task.name)}</p>' if len(model.tasks) > 1 else ""
    share = "it is unsure" if is_unsure(prediction) else format_probability(confidence)
    st.html(f'{title}<p class="big name">{escape_html(answer_in_words(prediction))} <small>{share}</small></p>')
    if is_unsure(prediction):
        st.html('<div class="doubt"><p>Neither is much likelier than the rest together. Look for yourself.</p></div>')
    if line := _calibration_in_words(model, task, confidence):
        st.html(f'<p class="muted">{escape_html(line)}</p>')
    st.html(_bars(ranked))


def table_cells(prediction: Mapping[str, Any]) -> dict[str, object]:
    """By column of the table of several photos: the class, its probability in percent, and the runner-up."""
    ranked = rank_classes(prediction)
    return {"answer": ranked[0][0], "sure": 100 * ranked[0][1], "else": ranked[1][0] if len(ranked) > 1 else ""}


def empty_cells(reason: str) -> dict[str, object]:
    """`table_cells` of a photo that could not be read."""
    return {"answer": reason, "sure": None, "else": ""}


def column_config(name: str) -> Any:
    """How a column of `table_cells` is drawn; None for plain text."""
    if name != "sure":
        return None
    return st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100)


def known_in_words(tasks: Sequence[Task]) -> str:
    """What the model can answer at all."""
    if len(tasks) == 1:
        return f"It knows {_some(tasks[0].classes)}, and answers one of these whatever it is shown."
    known = " and ".join(f"{task.name} ({_some(task.classes)})" for task in tasks)
    return f"It knows {known}, and answers one of each whatever it is shown."


def _some(classes: Sequence[str]) -> str:
    return ", ".join(classes[:NAMED]) + (f" and {len(classes) - NAMED} more" if len(classes) > NAMED else "")


def _calibration_in_words(model: RunResults, task: Task, confidence: float) -> str:
    accuracy = accuracy_at_confidence(model.predictions, task, confidence)
    return f"When it was this sure on validation photos, it was right on {accuracy.text} of them." if accuracy else ""


def _bars(ranked: list[tuple[str, float]]) -> str:
    shown = ranked if len(ranked) <= SHOWN_CLASSES + 1 else ranked[:SHOWN_CLASSES]
    rows = list(shown)
    if len(shown) < len(ranked):
        rows.append((f"the other {len(ranked) - len(shown)}", sum(p for _, p in ranked[len(shown) :])))
    lines = "".join(
        f'<span class="name" title="{escape_html(name)}">{escape_html(name)}</span>'
        f'<i style="width:{100 * share:.1f}%"></i><span>{format_probability(share)}</span>'
        for name, share in rows
    )
    return f'<div class="bars tall">{lines}</div>'
