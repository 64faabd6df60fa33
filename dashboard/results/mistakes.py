"""Which photos it took for what: the matrix, a cell's photos, and what it was surest of and wrong."""

import pandas as pd
import streamlit as st

from core.datasets import Dataset, Split, Task
from core.tasks import SplitResult, cell, most_wrong
from dashboard.components.confusion import MAX_CLASSES, Cell, confusion_matrix
from dashboard.components.photo_grid import photo_wall
from dashboard.glossary import GLOSSARY
from dashboard.session import state
from dashboard.shared.texts import escape_markdown, format_probability, pluralize, show_note

MOST_WRONG = 9


def show_confusion(run_id: str, result: SplitResult, dataset: Dataset, task: Task, predictions: pd.DataFrame) -> None:
    """The matrix; below it the photos of the cell that was opened last."""
    st.subheader("What it takes for what", anchor=False, help=GLOSSARY["confusion"])
    place = f"cell {run_id} {task.name} {result.split}"
    remembered = state.get_tab_value(place)
    chosen = remembered if isinstance(remembered, Cell) else None
    opened = confusion_matrix(task.classes, result.confusion, f"confusion-{run_id}-{task.name}-{result.split}", chosen)
    if opened is not None and opened != chosen:
        state.set_tab_value(place, opened)
        st.rerun()
    if len(task.classes) > MAX_CLASSES:
        show_note(f"The {MAX_CLASSES} classes with the most mistakes, of {len(task.classes):,}.")
    show_note("Rows: what it is. Columns: what the model says. Click a cell to see its photos.", small=True)
    if chosen is not None:
        _show_cell(chosen, result.split, dataset, task, predictions)


def _show_cell(chosen: Cell, split: Split, dataset: Dataset, task: Task, predictions: pd.DataFrame) -> None:
    truth, answer = task.classes[chosen.truth], task.classes[chosen.predicted]
    found = cell(predictions, task, chosen.truth, chosen.predicted, split)
    words = f"{truth}, recognised" if chosen.truth == chosen.predicted else f"{truth}, taken for {answer}"
    st.markdown(f"**{escape_markdown(words)}**: {pluralize(len(found), 'photo')}")
    sure = predictions.set_index("image_id")["confidence"]
    shown = [(i, f"{format_probability(_only(sure, i))} sure") for i in found if i in dataset.row]
    photo_wall(dataset, task, shown, "cell_photos", height=300)


def _only(sure: "pd.Series[float]", image_id: str) -> float:
    value = sure[image_id]  # several rows where the run learned several tasks
    return float(value.iloc[0] if isinstance(value, pd.Series) else value)


def show_most_wrong(result: SplitResult, dataset: Dataset, task: Task, predictions: pd.DataFrame) -> None:
    st.subheader("Most confidently wrong", anchor=False, help=GLOSSARY["confidence"])
    rows = most_wrong(predictions, task, MOST_WRONG, result.split)
    shown = [
        (
            row.image_id,
            f"{task.classes[row.label]}, says {task.classes[row.predicted]} {format_probability(row.confidence)}",
        )
        for row in rows.itertuples()
        if row.image_id in dataset.row
    ]
    if not shown:
        show_note("Not one mistake on these photos.")
        return
    photo_wall(dataset, task, shown, "most_wrong", height=520, lines=2)
    show_note("Often the label is wrong, not the model: it can be mended among your photos.", small=True)
