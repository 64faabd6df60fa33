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


def unsure_in_words(probabilities: Mapping[str, float]) -> str:
    """What to make of an unsure prediction, in one sentence; "" where it is sure."""
    (first, confidence), *others = rank_classes(probabilities)
    if confidence >= UNSURE or not others:
        return ""
    return f"It is unsure: {first} or {others[0][0]}. Look for yourself."


def show_prediction(model: RunResults, task: Task, prediction: Mapping[str, Any]) -> None:
    """The likeliest class large, what its confidence is worth, and all classes as bars."""
    ranked = rank_classes(prediction)
    name, confidence = ranked[0]
    title = f'<p class="muted small">{escape_html(task.name)}</p>' if len(model.tasks) > 1 else ""
    st.html(f'{title}<p class="big name">{escape_html(name)} <small>{format_probability(confidence)}</small></p>')
    for line in (unsure_in_words(prediction), _calibration_in_words(model, task, confidence)):
        if line:
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
    classes = [name for task in tasks for name in task.classes]
    named = ", ".join(classes[:NAMED]) + (f" and {len(classes) - NAMED} more" if len(classes) > NAMED else "")
    return f"It knows {named}, and answers one of these whatever it is shown."


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
