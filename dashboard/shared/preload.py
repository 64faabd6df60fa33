"""The seconds in which torch and timm are loaded: on a thread, while the first page is already shown."""

import gc
import importlib
import threading
from collections.abc import Callable

import streamlit as st

from dashboard.shared.texts import show_note

# What the pages import; torch alone takes several seconds the first time.
_ROOMS = ("core.datasets", "core.backbones", "core.plans", "core.execution", "core.monitoring", "core.exports")
_loaded = threading.Event()
_loaded.set()  # without a server (tests, `streamlit run`) the pages import what they need themselves


def start_preload(on_loaded: Callable[[], None]) -> threading.Thread:
    """Import all rooms on a thread and call `on_loaded` there; until then `is_loaded` is False."""
    _loaded.clear()
    thread = threading.Thread(target=_preload, args=(on_loaded,), name="graft-preload", daemon=True)
    thread.start()
    return thread


def _preload(on_loaded: Callable[[], None]) -> None:
    try:
        for room in _ROOMS:
            importlib.import_module(room)
        # A full collection walks every object and stops all threads for up to 110 ms; imported modules live as long
        # as the process and need not be walked.
        gc.collect()
        gc.freeze()
        on_loaded()
    finally:
        _loaded.set()


def is_loaded() -> bool:
    """Whether pages can import the engine without a wait of seconds."""
    return _loaded.is_set()


def wait_until_loaded() -> None:
    """Block until the rooms are imported."""
    _loaded.wait()


def show_loading_screen() -> None:
    """Show what the first seconds after the start look like, then run the script anew."""
    with st.container(key="opens_slowly"):  # shown at once (server/opening.js)
        st.title("Teach a network to see what you see")
        show_note("Graft is waking up: it loads what it needs to learn. This takes a few seconds, once.")
        st.skeleton(height=280)
    wait_until_loaded()
    st.rerun()
