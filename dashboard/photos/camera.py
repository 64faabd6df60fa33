"""Photos taken here, class by class. They lie in the inbox like an upload, so a refresh loses none; and unlike one they
are nowhere else, so they stay there until they are a dataset, or somebody throws them away.
"""

import json
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.home import Home, no_room_is_disk_full, write_json
from dashboard.photos.importing import begin_upload
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.texts import escape_markdown, pluralize, show_note

LEAST_CLASSES, LEAST_PHOTOS = 2, 3  # one photo each to learn from, to choose by and to test with
STILL_TAKING_SECONDS = 3_600.0
MARK = "camera"  # a file in the inbox folder of such photos


@dataclass(frozen=True)
class EstimateFeedback:
    """counts: photos per class so far, in the order the classes were first used."""

    folder: str
    counts: dict[str, int]

    @property
    def is_enough(self) -> bool:
        return len(self.counts) >= LEAST_CLASSES and min(self.counts.values()) >= LEAST_PHOTOS


def taken(home: Home, folder: str) -> EstimateFeedback:
    """What lies in the inbox folder of a camera session."""
    counts: dict[str, int] = {}
    notes = sorted((home.inbox / folder).glob("*.json"), key=lambda note: int(note.stem))
    for note in notes:
        label = json.loads(note.read_text(encoding="utf-8"))["name"].split("/")[0]
        counts[label] = counts.get(label, 0) + 1
    return EstimateFeedback(folder, counts)


def left_over(home: Home) -> list[EstimateFeedback]:
    """Photos that were taken and are no dataset yet, nor on their way to one; the newest first."""
    coming = {job.subject for job in background_jobs.running("import")}
    folders = [mark.parent for mark in home.inbox.glob(f"*/{MARK}") if mark.parent.name not in coming]
    folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [found for folder in folders if (found := taken(home, folder.name)).counts]


def keep_photo(home: Home, so_far: EstimateFeedback, label: str, content: bytes) -> None:
    """Add one photo to a class. Raises DiskFull."""
    number, place = sum(so_far.counts.values()), home.inbox / so_far.folder
    place.mkdir(parents=True, exist_ok=True)
    with no_room_is_disk_full(place / str(number)):
        (place / MARK).touch()
        (place / str(number)).write_bytes(content)
        write_json(place / f"{number}.json", {"name": f"{label}/{so_far.counts.get(label, 0) + 1:04}.jpg"})


def class_name(typed: str) -> str:
    """A class name as it can stand in a file's name: one line, no slashes."""
    return " ".join(typed.replace("/", " ").replace("\\", " ").split())[:80].strip(". ")


def show_camera(home: Home, earlier: Sequence[EstimateFeedback]) -> None:
    """Name a class, take its photos, name the next; then make a dataset of all."""
    folder = state.camera_folder() or secrets.token_hex(16)
    so_far = taken(home, folder)
    if not so_far.counts:
        _offer_left_over(home, earlier)
    label = class_name(st.text_input("What will you show it?", placeholder="cup", help="The name of the class."))
    if not label:
        show_note(
            "Name a thing, show it to the camera and take at least ten photos of it, each from another side or in "
            "another place: of photos that are all alike, some judge what the others taught, and the figures flatter."
        )
    else:
        # A new key after each photo: the camera is live again at once, without "clear photo".
        photo = st.camera_input(f"Photos of {escape_markdown(label)}", key=f"camera_{sum(so_far.counts.values())}")
        if photo is not None:
            keep_photo(home, so_far, label, photo.getvalue())
            state.set_camera_folder(folder)
            st.rerun()
    if so_far.counts:
        st.markdown(
            "  \n".join(
                f"**{escape_markdown(name)}**: {pluralize(count, 'photo')}" for name, count in so_far.counts.items()
            )
        )
        total = pluralize(sum(so_far.counts.values()), "photo")
        if st.button(f"Make a dataset of these {total}", key="camera_done", disabled=not so_far.is_enough):
            state.set_camera_folder(None)
            begin_upload(home, folder, "Camera", keep_until_done=True)
        if not so_far.is_enough:
            st.caption(f"It takes at least {LEAST_CLASSES} things with {LEAST_PHOTOS} photos each. More is better.")


def _offer_left_over(home: Home, earlier: Sequence[EstimateFeedback]) -> None:
    for before in earlier:
        what = ", ".join(f"{count} of {escape_markdown(name)}" for name, count in before.counts.items())
        st.markdown(f"{pluralize(sum(before.counts.values()), 'photo')} taken before: {what}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Go on with them", key=f"go_on_{before.folder}"):
                state.set_camera_folder(before.folder)
                st.rerun()
            # Somebody may be taking them at this moment, in another tab: they are nowhere else.
            old = time.time() - (home.inbox / before.folder).stat().st_mtime > STILL_TAKING_SECONDS
            if old and st.button("Throw them away", key=f"throw_{before.folder}", type="tertiary"):
                shutil.rmtree(home.inbox / before.folder, ignore_errors=True)
                st.rerun()
