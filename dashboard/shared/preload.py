"""The seconds in which torch and timm are loaded: on a thread, while the first page is already there."""

import gc
import importlib
import threading
from collections.abc import Callable

# What the pages import; torch alone takes several seconds the first time.
_ROOMS = ("core.datasets", "core.backbones", "core.plans", "core.execution", "core.monitoring", "core.exports")
_awake = threading.Event()
_awake.set()  # without a server (tests, `streamlit run`) the pages simply import what they need


def wake(then: Callable[[], None]) -> threading.Thread:
    """Import everything on a thread, call `then` there, and let the pages know."""
    _awake.clear()
    thread = threading.Thread(target=_wake, args=(then,), name="graft-waking", daemon=True)
    thread.start()
    return thread


def _wake(then: Callable[[], None]) -> None:
    try:
        for room in _ROOMS:
            importlib.import_module(room)
        # A full collection walks every object and stops all threads for up to 110 ms; what is imported stays for
        # ever and need not be walked.
        gc.collect()
        gc.freeze()
        then()
    finally:
        _awake.set()


def awake() -> bool:
    return _awake.is_set()


def wait_until_loaded() -> None:
    _awake.wait()
