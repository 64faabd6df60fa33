"""The first screen: what was begun and which datasets there are, then every way to give photos."""

from contextlib import AbstractContextManager
from dataclasses import replace

import streamlit as st

from core.datasets import (
    DatasetSummary,
    PublicSet,
    Sample,
    delete_dataset,
    list_datasets,
    load_dataset,
    public_sets,
    samples,
)
from core.errors import BadInput, Damaged
from core.home import Home
from core.runs import Run, list_runs, resume
from core.units import format_bytes
from dashboard.components.drop_zone import drop_zone
from dashboard.photos.camera import show_camera, unfinished_sessions
from dashboard.photos.importing import start_path_import, start_public_import, start_sample_import, start_upload_import
from dashboard.routes import sample_url
from dashboard.session import state
from dashboard.session.sharing import is_local_only
from dashboard.shared.dialogs import confirm_deletion
from dashboard.shared.job_progress import show_job, show_running_jobs
from dashboard.shared.run_status import progress_in_words, state_pill
from dashboard.shared.texts import escape_html, escape_markdown, format_time, pluralize, show_error, show_note

MAX_SHOWN = 3  # datasets and runs; the rest is one click away
UNFINISHED = ("running", "paused", "interrupted", "queued")


def show_start() -> None:
    home = state.home()
    st.title("Teach a network to see what you see")
    show_note(
        "Give it a few dozen photos of each thing. It already knows edges, textures and parts from other photos: you "
        "teach it the rest in a minute or two, on this computer. Nothing is sent anywhere."
    )
    show_running_jobs("import")
    _show_unfinished_runs(home)
    _show_datasets(home)
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        _show_own_photos(home)
    with right:
        _show_samples(home)


def show_import(job_id: str) -> None:
    """The screen while this tab waits for an import: nothing but how far it is."""
    st.title("Getting the photos ready")
    show_note("There is nothing to do meanwhile: they appear here by themselves.")
    show_job(job_id)


def _show_own_photos(home: Home) -> None:
    if upload := drop_zone(key="drop"):
        start_upload_import(home, upload.folder, upload.name, upload.unlabelled)
    earlier = unfinished_sessions(home)
    begun = state.camera_folder() is not None or bool(earlier)
    with st.expander("Take photos with the camera, class by class", icon=":material/photo_camera:", expanded=begun):
        show_camera(home, earlier)
    if is_local_only():
        with st.expander("A folder, zip or table on this computer", icon=":material/folder_open:"):
            path = st.text_input("Where it lies", placeholder="/home/me/photos", key="path")
            if st.button("Use it", key="use_path"):
                try:
                    start_path_import(home, path)
                except BadInput as error:
                    show_error(error)


def _show_samples(home: Home) -> None:
    st.header("Or begin with a set that is here already")
    for sample in samples():
        _show_sample(home, sample)
    with st.expander("Well-known public sets, downloaded once", icon=":material/public:"):
        for public in public_sets():
            _show_public_set(home, public)


def _show_sample(home: Home, sample: Sample) -> None:
    is_first = sample is samples()[0]
    with st.container(key=f"card_sample_{sample.id}"):
        pictures = "".join(f'<img alt="" src="{escape_html(sample_url(sample.id, n))}">' for n in range(3))
        pill = '<br><span class="pill good">good to begin with</span>' if is_first else ""
        with _row():
            st.html(
                f'<div class="row nowrap"><span class="thumbs">{pictures}</span>'
                f"<span><b>{escape_html(sample.title)}</b>{pill}</span></div>"
            )
            if st.button("Use", key=f"use_{sample.id}", type="primary" if is_first else "secondary"):
                start_sample_import(home, sample)
        show_note(sample.sentence, small=True)


def _show_public_set(home: Home, public: PublicSet) -> None:
    with _row():
        st.html(
            f'<b>{escape_html(public.title)}</b> <span class="pill">{format_bytes(public.bytes)}</span><br>'
            f'<span class="muted small">{escape_html(public.sentence)} {public.images:,} photos, '
            f"{public.classes:,} classes. Licence: {escape_html(public.licence)}</span>"
        )
        if st.button("Fetch", key=f"fetch_{public.id}", help=f"Downloads {format_bytes(public.bytes)}, once"):
            start_public_import(home, public)


def _row() -> AbstractContextManager[object]:
    """Words on the left, what to do with it on the right; on a phone, too."""
    return st.container(horizontal=True, vertical_alignment="center", wrap=False)


def _show_unfinished_runs(home: Home) -> None:
    runs = [run for run in list_runs(home) if run.state in UNFINISHED][:MAX_SHOWN]
    if not runs:
        return
    st.header("Where you left off")
    for run in runs:
        _show_run(home, run)


def _show_run(home: Home, run: Run) -> None:
    with st.container(key=f"card_run_{run.id}"):
        about, buttons = st.columns([2.4, 1], vertical_alignment="center")
        about.html(
            f"{state_pill(run)} <b>{escape_html(run.name)}</b> "
            f'<span class="muted">{escape_html(progress_in_words(run))}</span>'
        )
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            if run.can_resume and st.button(
                "Go on training", key=f"resume_{run.id}", type="primary", icon=":material/play_arrow:"
            ):
                resume(home, run.id)
                _open_run(run)
            if st.button("Look at it", key=f"look_{run.id}"):
                _open_run(run)


def _open_run(run: Run) -> None:
    state.open_run(run)
    st.switch_page("train/page.py")


def _show_datasets(home: Home) -> None:
    known = list_datasets(home)
    if not known:
        return
    st.header("Your datasets")
    shown = known if st.session_state.get("all_datasets") else known[:MAX_SHOWN]
    columns = st.columns(3)
    for number, summary in enumerate(shown):
        with columns[number % 3]:
            _show_dataset_card(home, summary)
    if len(known) > MAX_SHOWN:
        st.toggle(f"All {len(known)}", key="all_datasets")


def _show_damaged_card(home: Home, summary: DatasetSummary) -> None:
    """It cannot be opened, and stops none of the others."""
    with st.container(key=f"card_damaged_{summary.id}"), _row():
        st.html(
            f'<p class="title">{escape_html(summary.name)} <span class="pill stop">damaged</span></p>'
            f'<p class="muted small">{escape_html(summary.damage)}</p>'
        )
        if st.button("Delete", key=f"delete_{summary.id}", icon=":material/delete:"):
            _open_damaged_dialog(home, summary)


def _open_damaged_dialog(home: Home, summary: DatasetSummary) -> None:
    def delete() -> None:
        delete_dataset(home, summary.id)
        state.flash(f"{summary.name} is deleted.")

    confirm_deletion(
        "Delete the dataset?",
        f"{escape_markdown(summary.damage)} **{escape_markdown(summary.name)}** goes with its photos. This cannot be "
        "undone.",
        delete,
    )


def _show_dataset_card(home: Home, summary: DatasetSummary) -> None:
    if summary.damage:
        _show_damaged_card(home, summary)
        return
    labels = " and ".join(task.name for task in summary.tasks) if len(summary.tasks) > 1 else ""
    classes = pluralize(len(summary.tasks[0].classes), "class", "classes") if summary.tasks else "no labels"
    with st.container(key=f"card_dataset_{summary.id}"), _row():
        st.html(
            f'<p class="title">{escape_html(summary.name)}</p><p class="muted small">'
            f"{pluralize(summary.images, 'photo')}, {escape_html(labels or classes)}, "
            f"made {format_time(summary.created)}</p>"
        )
        if st.button("Open", key=f"open_{summary.id}"):
            try:
                state.choose_dataset(load_dataset(home, summary.id))
            except Damaged as error:  # inside its table, which a list does not read
                _open_damaged_dialog(home, replace(summary, damage=error.sentence))
                return
            st.rerun()
