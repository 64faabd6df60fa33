"""Photos taken with the camera, class by class.

They lie in the inbox like an upload, so a refresh loses none. Unlike an upload they exist nowhere else, so they stay
there until they are a dataset or somebody throws them away.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.datasets import inbox
from core.home import Home
from dashboard.photos.importing import start_upload_import
from dashboard.session import state
from dashboard.shared import background_jobs
from dashboard.shared.texts import escape_markdown, pluralize, show_note

MIN_CLASSES, MIN_PHOTOS = 2, 3  # one photo of each class for training, validation and test
ACTIVE_SECONDS = 3_600.0  # a session may go on in another tab that long after its last photo


@dataclass(frozen=True)
class CameraSession:
    """An inbox folder of such photos. counts: photos per class, in the order in which the classes were first used."""

    folder: str
    counts: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether there is enough for a dataset."""
        return len(self.counts) >= MIN_CLASSES and min(self.counts.values()) >= MIN_PHOTOS


def read_session(home: Home, folder: str) -> CameraSession:
    """The session whose photos lie in this inbox folder."""
    names = (name for _, name in inbox.received_files(home.inbox / folder))
    return CameraSession(folder, dict(Counter(name.split("/")[0] for name in names)))


def unfinished_sessions(home: Home) -> list[CameraSession]:
    """Sessions that are no dataset yet, nor being imported; the newest first."""
    importing = {job.subject for job in background_jobs.running("import")}
    folders = [folder.name for folder in inbox.camera_folders(home) if folder.name not in importing]
    return [session for folder in folders if (session := read_session(home, folder)).counts]


def add_photo(home: Home, session: CameraSession, label: str, content: bytes) -> None:
    """Add one photo to a class. Raises DiskFull."""
    name = f"{label}/{session.counts.get(label, 0) + 1:04}.jpg"
    inbox.add_camera_photo(home.inbox / session.folder, name, content)


def class_name(typed: str) -> str:
    """A class name as it can stand in a file's name: one line, no slashes."""
    return " ".join(typed.replace("/", " ").replace("\\", " ").split())[:80].strip(". ")


def show_camera(home: Home, earlier: Sequence[CameraSession]) -> None:
    """Name a class, take its photos, name the next; then make a dataset of all. earlier: sessions to go on with."""
    folder = state.camera_folder() or inbox.new_folder_name()
    session = read_session(home, folder)
    if not session.counts:
        _offer_earlier_sessions(home, earlier)
    label = class_name(st.text_input("What will you show it?", placeholder="cup", help="The name of the class."))
    if not label:
        show_note(
            "Name a thing, show it to the camera and take at least ten photos of it, each from another side or in "
            "another place: of photos that are all alike, some judge what the others taught, and the figures flatter."
        )
    else:
        # A new key after each photo: the camera is live again at once, without "clear photo".
        photo = st.camera_input(f"Photos of {escape_markdown(label)}", key=f"camera_{sum(session.counts.values())}")
        if photo is not None:
            add_photo(home, session, label, photo.getvalue())
            state.set_camera_folder(folder)
            st.rerun()
    if session.counts:
        st.markdown(
            "  \n".join(
                f"**{escape_markdown(name)}**: {pluralize(count, 'photo')}" for name, count in session.counts.items()
            )
        )
        total = pluralize(sum(session.counts.values()), "photo")
        if st.button(f"Make a dataset of these {total}", key="camera_done", disabled=not session.is_complete):
            state.set_camera_folder(None)
            start_upload_import(home, folder, "Camera")
        if not session.is_complete:
            st.caption(f"It takes at least {MIN_CLASSES} things with {MIN_PHOTOS} photos each. More is better.")


def _offer_earlier_sessions(home: Home, earlier: Sequence[CameraSession]) -> None:
    for session in earlier:
        what = ", ".join(f"{count} of {escape_markdown(name)}" for name, count in session.counts.items())
        st.markdown(f"{pluralize(sum(session.counts.values()), 'photo')} taken before: {what}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Go on with them", key=f"go_on_{session.folder}"):
                state.set_camera_folder(session.folder)
                st.rerun()
            # Another tab may be adding photos at this moment, and they exist nowhere else.
            is_inactive = time.time() - (home.inbox / session.folder).stat().st_mtime > ACTIVE_SECONDS
            if is_inactive and st.button("Throw them away", key=f"throw_{session.folder}", type="tertiary"):
                inbox.delete(home.inbox / session.folder)
                st.rerun()
