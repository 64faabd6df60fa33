"""Results of classes: the confusion matrix and its photos, what was most confidently wrong, figures class by class."""

from collections.abc import Sequence

import streamlit as st

from core.execution import RunResults
from core.tasks import ClassesResult, ClassResult, Interval, Split, SplitResult, Task, cell_rows, most_wrong
from dashboard.components.confusion import MAX_CLASSES, Cell, confusion_matrix
from dashboard.glossary import GLOSSARY
from dashboard.navigation import show_next_button
from dashboard.results.mending import Labels, open_photos, read_labels, show_changes, show_photos
from dashboard.session import state
from dashboard.shared.texts import escape_html, escape_markdown, format_probability, show_note

ROWS_HEIGHT = 430  # pixels of the first rows of photos


def show_classes(model: RunResults, task: Task, result: SplitResult) -> None:
    """The viewer of the kind `classes`."""
    assert isinstance(result, ClassesResult)
    labels = read_labels(model, task)
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        chosen = _show_confusion(model.run.id, result, task)
    with right, st.container(key="photos_of_cell"):
        # Beside the matrix, so that what a click opens is in sight.
        if chosen is None:
            _show_mistakes(model, result, labels)
        else:
            _show_cell(model, chosen, result.split, labels)
        show_changes(labels, model.run)
        show_next_button("results", "try it on a new photo")
    st.header("Class by class, the weakest first", anchor=False)
    _show_class_table(result.classes)


def _cell_key(run_id: str, task: Task, split: Split) -> str:
    return f"cell {run_id} {task.name} {split}"


def _show_confusion(run_id: str, result: ClassesResult, task: Task) -> Cell | None:
    """The matrix; returns the cell that was opened last."""
    st.header("What it takes for what", anchor=False, help=GLOSSARY["confusion"])
    key = _cell_key(run_id, task, result.split)
    stored = state.get_tab_value(key)
    chosen = stored if isinstance(stored, Cell) else None
    opened = confusion_matrix(task.classes, result.confusion, f"confusion-{run_id}-{task.name}-{result.split}", chosen)
    if opened is not None and opened != chosen:
        state.set_tab_value(key, opened)
        st.rerun()
    if len(task.classes) > MAX_CLASSES:
        show_note(f"The {MAX_CLASSES} classes with the most mistakes, of {len(task.classes):,}.")
    show_note("Rows: what it is. Columns: what the model says. Click a cell to see its photos.", small=True)
    return chosen


def _show_cell(model: RunResults, chosen: Cell, split: Split, labels: Labels) -> None:
    """The photos of one cell, and the way back to all mistakes."""
    task = labels.task
    truth, predicted = task.classes[chosen.truth], task.classes[chosen.predicted]
    words = f"{truth}, recognised" if chosen.truth == chosen.predicted else f"{truth}, taken for {predicted}"
    rows = cell_rows(model.predictions, task, chosen.truth, chosen.predicted, split)
    st.header(f"{escape_markdown(words)}: {len(rows):,}", anchor=False, help=GLOSSARY["confidence"])
    if st.button("All mistakes", type="tertiary", icon=":material/arrow_back:", key="all_mistakes"):
        state.drop_tab_value(_cell_key(model.run.id, task, split))
        st.rerun()
    photos = [
        (image_id, f"{format_probability(confidence)} sure")
        for image_id, confidence in zip(rows["image_id"], rows["confidence"], strict=True)
    ]
    show_photos(labels, model.run, photos, "cell_photos", ROWS_HEIGHT)


def _show_mistakes(model: RunResults, result: ClassesResult, labels: Labels) -> None:
    """Every photo that it got wrong, the most confident first."""
    task, wrong = labels.task, result.images - result.right
    title = "Its one mistake" if wrong == 1 else f"All {wrong:,} mistakes, the surest first"
    st.header(title if wrong else "No mistake", anchor=False, help=GLOSSARY["confidence"])
    if not wrong:
        show_note("Not one mistake on these photos.")
        return
    rows = most_wrong(model.predictions, task, wrong, result.split)
    columns = zip(rows["image_id"], rows["label"], rows["predicted"], rows["confidence"], strict=True)
    photos = [
        (image_id, f"{task.classes[label]}, says {task.classes[predicted]} {format_probability(confidence)}")
        for image_id, label, predicted, confidence in columns
    ]
    show_photos(labels, model.run, photos, "most_wrong", ROWS_HEIGHT)
    if labels.can_change:
        show_note("Often the label is wrong, not the model: tick such photos and say what they are.", small=True)
    if st.button("See them among all your photos", type="tertiary", icon=":material/photo_library:", key="to_photos"):
        open_photos(labels, model.run)


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
