"""The screen of one dataset: its photos, its classes, its split, and whether one can train on it."""

import streamlit as st

from core.datasets import SPLITS, Dataset, Task, check, leave_out, load_dataset, relabel, undo
from core.exports import DATASET_EXPORTS, Export
from core.tasks import MISSING
from dashboard.components.photo_grid import Edit, photo_grid
from dashboard.glossary import GLOSSARY
from dashboard.navigation import show_next_button
from dashboard.photos.bars import show_checks, show_count_bars, show_split_bar
from dashboard.photos.dialogs import open_add_dialog, open_delete_dialog, open_rename_dialog, open_split_dialog
from dashboard.routes import dataset_export_url
from dashboard.session import state
from dashboard.shared.job_progress import show_running_jobs
from dashboard.shared.texts import escape_html, escape_markdown, pluralize, show_note

MAX_CLASS_PILLS = 12  # more are chosen from a list
MAX_CLASS_BARS = 14
MAX_REJECTED_SHOWN = 200
NO_LABEL = "no label"
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
        _show_summary(dataset, task)


def _show_head(dataset: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(
            f'<p class="muted"><b class="loud">{escape_html(dataset.name)}</b>: '
            f"{escape_html(import_in_words(dataset))}</p>",
            width="content",
        )
        with st.container(horizontal=True, width="content", gap="small"):
            if st.button("Add photos", type="tertiary", icon=":material/add_photo_alternate:"):
                open_add_dialog(dataset)
            if st.button("Rename", type="tertiary", icon=":material/edit:"):
                open_rename_dialog(dataset)
            for export in DATASET_EXPORTS.values():
                if export.is_available:
                    _show_export_link(dataset, export)
            if st.button("Delete", type="tertiary", icon=":material/delete:"):
                open_delete_dialog(dataset)
            if st.button("Another dataset", type="tertiary", icon=":material/swap_horiz:"):
                state.close_dataset()
                st.rerun()


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
    return f"{pluralize(len(dataset), 'photo')}, {kinds}. {read}{kept}"


def _choose_task(dataset: Dataset) -> Task:
    if len(dataset.tasks) > 1:
        names = {task.name: escape_markdown(task.name) for task in dataset.tasks}
        current = state.current_task(dataset).name
        chosen = st.segmented_control(
            "Which label?",
            list(names),
            default=current,
            format_func=names.__getitem__,
            required=True,
            help=GLOSSARY["label column"],
            key=f"task_{dataset.id}",
        )
        if chosen and chosen != current:
            state.choose_task(chosen)
    return state.current_task(dataset)


def _show_photos(dataset: Dataset, task: Task) -> None:
    label = _choose_class(dataset, task)
    split = st.segmented_control(
        "Split",
        ["all", *SPLITS],
        default="all",
        required=True,
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
        return "All" if index == ALL_CLASSES else NO_LABEL if index == MISSING else escape_markdown(task.classes[index])

    key = f"class_{dataset.id}_{task.name}"
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
        changed = relabel(state.home(), dataset, edit.image_ids, task.name, edit.label)
        state.flash(f"{photos} relabelled: {edit.label}.")
    else:
        changed = leave_out(state.home(), dataset, edit.image_ids)
        state.flash(f"{photos} left out. Undo brings them back.")
    state.choose_dataset(changed)
    st.rerun()


def _show_summary(dataset: Dataset, task: Task) -> None:
    st.subheader("Classes", help=GLOSSARY["classes"])
    counts = dict(sorted(dataset.counts(task).items(), key=lambda item: -item[1]))
    show_count_bars(dict(list(counts.items())[:MAX_CLASS_BARS]))
    if len(counts) > MAX_CLASS_BARS:
        with st.expander(f"{len(counts) - MAX_CLASS_BARS:,} more"):
            show_count_bars(dict(list(counts.items())[MAX_CLASS_BARS:]))
    st.subheader("Split", help=GLOSSARY["split"])
    show_split_bar({split: len(dataset.indices(split)) for split in SPLITS})
    if st.button("Change the split", icon=":material/tune:"):
        open_split_dialog(dataset)
    st.subheader("Checked", help=GLOSSARY["checks"])
    found = check(dataset)
    show_checks((line.level, line.sentence) for line in found)
    _show_rejected(dataset)
    stops = [line.sentence for line in found if line.level == "stop"]
    show_next_button("photos", disabled=bool(stops), reason=escape_markdown(stops[0]) if stops else None)


def _show_rejected(dataset: Dataset) -> None:
    if not dataset.rejected:
        return
    with st.expander(f"{pluralize(len(dataset.rejected), 'file')} left out, and why", icon=":material/report:"):
        rows = "".join(
            f'<li class="warning"><b>{escape_html(file.name)}</b><br>{escape_html(file.reason)}</li>'
            for file in dataset.rejected[:MAX_REJECTED_SHOWN]
        )
        st.html(f'<ul class="checks small">{rows}</ul>')
        if len(dataset.rejected) > MAX_REJECTED_SHOWN:
            show_note(f"And {len(dataset.rejected) - MAX_REJECTED_SHOWN:,} more.")
