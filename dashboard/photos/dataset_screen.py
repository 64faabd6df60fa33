"""The screen of one dataset: its photos, its classes, its split, and whether one can train on it."""

import zlib

import streamlit as st

from core.datasets import SPLITS, Dataset, Task, check, leave_out, load_dataset, relabel, undo
from core.exports import DATASET_EXPORTS, Export
from core.tasks import MISSING, list_some
from dashboard.components.photo_grid import Edit, photo_grid, photo_wall
from dashboard.glossary import GLOSSARY
from dashboard.photos.bars import show_checks, show_rejected
from dashboard.photos.dialogs import open_add_dialog, open_delete_dialog, open_rename_dialog
from dashboard.photos.grouping import show_grouping
from dashboard.photos.mends import apply_change
from dashboard.photos.summary import show_summary
from dashboard.routes import dataset_export_url
from dashboard.session import state
from dashboard.shared.job_progress import show_running_jobs
from dashboard.shared.texts import escape_html, escape_markdown, pluralize, show_note

MAX_CLASS_PILLS = 12  # more are chosen from a list
NO_LABEL = "no label"
NO_TASK = Task("")  # of photos without labels
MOST_UNLABELLED = 500  # photos without labels that are shown
ALL_CLASSES = -2  # an option beside class indices and MISSING


def show_dataset(dataset: Dataset) -> None:
    st.title("Your photos")
    _show_head(dataset)
    show_running_jobs("import")
    task = _choose_task(dataset)
    left, right = st.columns([2.1, 1], gap="large")
    with left:
        _show_photos(dataset, task)
    with right:
        show_summary(dataset, task)


def show_unlabelled(dataset: Dataset) -> None:
    """Photos without labels: sorted into groups, or some to look at, and what else they are good for."""
    st.title("Your photos")
    _show_head(dataset)
    show_running_jobs("import")
    show_checks((found.level, found.sentence) for found in check(dataset))
    if not show_grouping(dataset):
        show_note("Or choose labelled photos, and these on the plan page, under “Photos from another place”.")
        table = dataset.table.head(MOST_UNLABELLED)
        names = zip(table["image_id"], table["name"].str.rsplit("/", n=1).str[-1], strict=True)
        photo_wall(dataset, NO_TASK, list(names), f"unlabelled_{dataset.id}", height=600)
    show_rejected(dataset.rejected)


def _show_head(dataset: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(
            f'<p class="muted"><b class="loud">{escape_html(dataset.name)}</b>: '
            f"{escape_html(import_in_words(dataset))}</p>",
            width="content",
        )
        with st.container(horizontal=True, width="content", gap="small"):
            if st.button("Add photos", type="tertiary", icon=":material/add_photo_alternate:"):
                open_add_dialog(dataset, state.current_task(dataset) if dataset.tasks else NO_TASK)
            if st.button("Another dataset", type="tertiary", icon=":material/swap_horiz:"):
                state.close_dataset()
                st.rerun()
            with st.popover("More", type="tertiary", icon=":material/more_horiz:"):
                _show_more(dataset)


def _show_more(dataset: Dataset) -> None:
    if st.button("Rename", type="tertiary", icon=":material/edit:"):
        open_rename_dialog(dataset)
    for export in DATASET_EXPORTS.values():
        if export.is_available and export.is_on_pages:
            _show_export_link(dataset, export)
    if st.button("Delete", type="tertiary", icon=":material/delete:"):
        open_delete_dialog(dataset)


def _show_export_link(dataset: Dataset, export: Export[Dataset]) -> None:
    address = escape_html(dataset_export_url(dataset, export.id))
    st.html(
        f'<a class="graft-link" href="{address}" title="{escape_html(export.sentence)}" download>'
        f'<span aria-hidden="true">download</span>Save as {escape_html(export.suffix.removeprefix("."))}</a>',
        width="content",
    )


def import_in_words(dataset: Dataset) -> str:
    """What came of the import, in two or three sentences."""
    kinds = ", ".join(pluralize(len(task.classes), "class", "classes") for task in dataset.tasks[:1])
    read = f"{len(dataset.rejected):,} left out." if dataset.rejected else "All could be read."
    kept = " The split that came with them was kept." if dataset.splits_from == "folders" else ""
    return f"{pluralize(len(dataset), 'photo')}, {kinds or 'no labels'}. {read}{kept}"


def _choose_task(dataset: Dataset) -> Task:
    if len(dataset.tasks) > 1:
        names = {task.name: escape_markdown(task.name) for task in dataset.tasks}
        current = state.current_task(dataset).name
        chosen = st.segmented_control(
            "Each photo has several labels. Which one is it about?",
            list(names),
            default=current,
            format_func=names.__getitem__,
            required=True,
            help=GLOSSARY["label column"],
            key=f"task_{dataset.id}",
        )
        if chosen and chosen != current:
            state.choose_task(chosen)
        st.caption(_classes_in_words(state.current_task(dataset)))
    return state.current_task(dataset)


def _classes_in_words(task: Task) -> str:
    """What the label says of a photo, by its first classes."""
    return f"{escape_markdown(task.name)}: {escape_markdown(list_some(task.classes))}"


def _show_photos(dataset: Dataset, task: Task) -> None:
    label = _choose_class(dataset, task)
    split = st.segmented_control(
        "Split",
        ["all", *SPLITS],
        default="all",
        required=True,
        format_func=lambda split: "All splits" if split == "all" else split,
        label_visibility="collapsed",
        key=f"split_{dataset.id}",
    )
    edit = photo_grid(dataset, task, f"photos_{dataset.id}", label, None if split == "all" else split)
    if edit is not None:
        _apply_edit(dataset, task, edit)
    _show_version(dataset)


def _show_version(dataset: Dataset) -> None:
    """Which version is shown, and the way back, or on from one that a run or a bookmark brought here."""
    newest = load_dataset(state.home(), dataset.id)
    if newest.version == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        older = dataset.version < newest.version
        shown = f"Version {dataset.version} of {newest.version}" if older else f"Version {dataset.version}"
        st.caption(shown, help=GLOSSARY["version"], width="content")
        if older:
            if st.button("Show the newest", type="tertiary", icon=":material/update:"):
                state.choose_dataset(newest)
                st.rerun()
        elif newest.before and st.button("Undo the last change", type="tertiary", icon=":material/undo:"):
            state.choose_dataset(undo(state.home(), dataset))
            state.flash("The last change is undone.")
            st.rerun()


def _choose_class(dataset: Dataset, task: Task) -> int | None:
    """The class to show: its index, MISSING for photos without a label, None for all."""
    options = [ALL_CLASSES, *range(len(task.classes))]
    if sum(dataset.counts(task).values()) < len(dataset):
        options.append(MISSING)

    def words(index: int) -> str:
        special = {ALL_CLASSES: "All classes", MISSING: NO_LABEL}
        return special.get(index) or escape_markdown(task.classes[index])

    # Other classes are another choice: after a rename the same place in the list is another class.
    key = f"class_{dataset.id}_{zlib.crc32(repr(task).encode())}"
    if len(options) - 1 <= MAX_CLASS_PILLS:
        chosen = st.pills(
            "Class",
            options,
            default=ALL_CLASSES,
            required=True,
            format_func=words,
            label_visibility="collapsed",
            wrap=True,
            key=key,
        )
    else:
        chosen = st.selectbox("Class", options, format_func=words, label_visibility="collapsed", key=key)
    return None if chosen in (ALL_CLASSES, None) else chosen


def _apply_edit(dataset: Dataset, task: Task, edit: Edit) -> None:
    """Make the version that the edit asks for, and say so."""
    photos = pluralize(len(edit.image_ids), "photo")
    if edit.kind == "relabel":
        apply_change(
            dataset,
            lambda home, shown: relabel(home, shown, edit.image_ids, task.name, edit.label),
            f"{photos} relabelled: {edit.label}. Undo takes it back.",
        )
    else:
        apply_change(
            dataset,
            lambda home, shown: leave_out(home, shown, edit.image_ids),
            f"{photos} left out. Undo brings them back.",
        )
