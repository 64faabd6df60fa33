"""The right third of a dataset's screen: its classes, its split, what was checked, and the way on."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import streamlit as st

from core.datasets import SPLITS, Dataset, Task, check, in_several_splits, rename_class
from core.errors import Check
from dashboard.components.class_list import ClassEdit, class_list
from dashboard.components.photo_grid import photo_wall
from dashboard.glossary import GLOSSARY
from dashboard.navigation import show_next_button
from dashboard.photos.bars import show_checks, show_rejected, show_split_bar
from dashboard.photos.dialogs import open_add_dialog, open_split_dialog
from dashboard.photos.mends import apply_change, show_mends
from dashboard.shared.texts import escape_markdown


def show_summary(dataset: Dataset, task: Task) -> None:
    if task.classes:
        _show_classes(dataset, task)
    st.header("Split", help=GLOSSARY["split"])
    show_split_bar({split: len(dataset.indices(split)) for split in SPLITS})
    if st.button("Change the split", icon=":material/tune:"):
        open_split_dialog(dataset)
    st.header("Checked", help=GLOSSARY["checks"])
    found = check(dataset)
    for name, lines in _by_mend(found):
        show_checks((line.level, line.sentence) for line in lines)
        if name == "copies":
            _show_copies(dataset, task)
        if name:
            show_mends(dataset, name)
    show_rejected(dataset.rejected)
    _show_notes(dataset)
    stops = [line.sentence for line in found if line.level == "stop"]
    show_next_button("photos", disabled=bool(stops), reason=escape_markdown(stops[0]) if stops else None)


def _show_classes(dataset: Dataset, task: Task) -> None:
    st.header("Classes", help=GLOSSARY["classes"])
    counts = dict(sorted(dataset.counts(task).items(), key=lambda item: -item[1]))
    edit = class_list(task, counts, f"classes_{dataset.id}_{dataset.tasks.index(task)}")
    if edit is not None:
        _apply_class_edit(dataset, task, edit)


def _apply_class_edit(dataset: Dataset, task: Task, edit: ClassEdit) -> None:
    if edit.kind == "add":
        open_add_dialog(dataset, task, edit.name)
        return
    joined = edit.to in task.classes
    apply_change(
        dataset,
        lambda home, shown: rename_class(home, shown, task.name, edit.name, edit.to),
        f"{edit.name} is part of {edit.to} now." if joined else f"{edit.name} is called {edit.to} now.",
    )


def _show_copies(dataset: Dataset, task: Task) -> None:
    """The photos that lie in several splits, copies side by side: whether they are the same, eyes judge best."""
    with st.expander("See them", icon=":material/visibility:"):
        table = dataset.table[in_several_splits(dataset.table)].sort_values("picture", kind="stable")
        captions = table["split"] + ": " + table["name"].str.rsplit("/", n=1).str[-1]
        shown = list(zip(table["image_id"].tolist(), captions.tolist(), strict=True))
        photo_wall(dataset, task, shown, f"copies_{dataset.id}", height=280)


def _by_mend(found: Sequence[Check]) -> Iterator[tuple[str, list[Check]]]:
    """Checks in their order, those that one mend is about together: the buttons stand below them."""
    for name, lines in groupby(found, key=lambda line: line.mend):
        yield name, list(lines)


def _show_notes(dataset: Dataset) -> None:
    """How the source was understood: which columns keep photos together, and which were left out."""
    if dataset.notes:
        with st.expander("How it was read", icon=":material/table:"):
            show_checks(("ok", note) for note in dataset.notes)
