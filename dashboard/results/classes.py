"""Results of classes: the confusion matrix and its photos, what was most confidently wrong, figures class by class."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.datasets import Dataset
from core.execution import RunResults
from core.tasks import ClassesResult, ClassResult, Interval, Split, SplitResult, Task, cell_rows, most_wrong
from dashboard.components.confusion import MAX_CLASSES, Cell, confusion_matrix
from dashboard.components.photo_grid import photo_wall
from dashboard.glossary import GLOSSARY
from dashboard.navigation import show_next_button
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, format_probability, pluralize, show_note

MOST_WRONG = 9


def show_classes(model: RunResults, task: Task, result: SplitResult) -> None:
    """The viewer of the kind `classes`."""
    assert isinstance(result, ClassesResult)
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        _show_confusion(model.run.id, result, model.dataset, task, model.predictions)
    with right:
        _show_most_wrong(result, model.dataset, task, model.predictions)
        show_next_button("results", "try it on a new photo")
    st.header("Class by class, the weakest first", anchor=False)
    _show_class_table(result.classes)


def _show_confusion(
    run_id: str, result: ClassesResult, dataset: Dataset, task: Task, predictions: pd.DataFrame
) -> None:
    """The matrix; below it the photos of the cell that was opened last."""
    st.header("What it takes for what", anchor=False, help=GLOSSARY["confusion"])
    key = f"cell {run_id} {task.name} {result.split}"
    stored = state.get_tab_value(key)
    chosen = stored if isinstance(stored, Cell) else None
    opened = confusion_matrix(task.classes, result.confusion, f"confusion-{run_id}-{task.name}-{result.split}", chosen)
    if opened is not None and opened != chosen:
        state.set_tab_value(key, opened)
        st.rerun()
    if len(task.classes) > MAX_CLASSES:
        show_note(f"The {MAX_CLASSES} classes with the most mistakes, of {len(task.classes):,}.")
    show_note("Rows: what it is. Columns: what the model says. Click a cell to see its photos.", small=True)
    if chosen is not None:
        _show_cell(chosen, result.split, dataset, task, predictions)


def _show_cell(chosen: Cell, split: Split, dataset: Dataset, task: Task, predictions: pd.DataFrame) -> None:
    truth, predicted = task.classes[chosen.truth], task.classes[chosen.predicted]
    rows = cell_rows(predictions, task, chosen.truth, chosen.predicted, split)
    words = f"{truth}, recognised" if chosen.truth == chosen.predicted else f"{truth}, taken for {predicted}"
    st.markdown(f"**{escape_markdown(words)}**: {pluralize(len(rows), 'photo')}")
    shown = [
        (image_id, f"{format_probability(confidence)} sure")
        for image_id, confidence in zip(rows["image_id"], rows["confidence"], strict=True)
        if image_id in dataset.row
    ]
    photo_wall(dataset, task, shown, "cell_photos", height=300)


def _show_most_wrong(result: ClassesResult, dataset: Dataset, task: Task, predictions: pd.DataFrame) -> None:
    st.header("Most confidently wrong", anchor=False, help=GLOSSARY["confidence"])
    rows = most_wrong(predictions, task, MOST_WRONG, result.split)
    columns = zip(rows["image_id"], rows["label"], rows["predicted"], rows["confidence"], strict=True)
    shown = [
        (image_id, f"{task.classes[label]}, says {task.classes[predicted]} {format_probability(confidence)}")
        for image_id, label, predicted, confidence in columns
        if image_id in dataset.row
    ]
    if not shown:
        show_note("Not one mistake on these photos.")
        return
    photo_wall(dataset, task, shown, "most_wrong", height=520, lines=2)
    show_note("Often the label is wrong, not the model: it can be mended among your photos.", small=True)


def _show_class_table(classes: Sequence[ClassResult]) -> None:
    """Precision, recall and F1 of each class with their margins, the weakest first."""
    ordered = sorted(classes, key=lambda one: one.f1.value if one.f1 else -1)
    rows = "".join(
        f'<tr><th scope="row">{escape_html(one.name)}</th><td>{one.images:,}</td><td>{_cell(one.precision)}</td>'
        f"<td>{_cell(one.recall)}</td><td>{_cell(one.f1)}{_bar(one.f1)}</td></tr>"
        for one in ordered
    )
    heads = "".join(
        f'<th scope="col" title="{escape_html(GLOSSARY[word])}">{title}</th>'
        for title, word in (
            ("Class", "classes"),
            ("Photos", "classes"),
            ("Precision", "precision of a class"),
            ("Recall", "recall"),
            ("F1", "f1"),
        )
    )
    st.html(f'<div class="graft-classes"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>')


def _cell(share: Interval | None) -> str:
    if share is None:
        return '<span class="no-figure">none</span>'
    return f'<b>{escape_html(share.amount)}</b> <span class="off">{escape_html(share.plus_minus)}</span>'


def _bar(share: Interval | None) -> str:
    return f'<i><i style="width:{100 * share.value:.0f}%"></i></i>' if share else ""
