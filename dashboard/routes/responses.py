"""Responses that several routes give."""

import re
from collections.abc import Callable
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, Response

from core.errors import DiskFull, GraftError, NotFound
from core.home import Home

IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
NO_STORE = {"Cache-Control": "no-store"}


def error_response(sentence: str, status: int) -> JSONResponse:
    """An error as JSON: {"error": sentence}."""
    return JSONResponse({"error": sentence}, status, headers=NO_STORE)


def export_response(home: Home, title: str, suffix: str, write: Callable[[Path], object]) -> Response:
    """A file that is written on request, streamed from disk and removed once sent.

    title: its name for the browser, made safe here. suffix: of its name, ".zip" say. write: fills the file at a path.
    """
    from core.datasets import inbox  # loads pandas; at the top it would keep the server from answering

    file = inbox.temporary_file(home, suffix)
    try:
        write(file)
    except GraftError as error:
        file.unlink(missing_ok=True)
        status = 404 if isinstance(error, NotFound) else 507 if isinstance(error, DiskFull) else 409
        return error_response(str(error), status)
    name = re.sub(r"[^\w.-]+", "-", title).strip("-.") or "graft"
    removed = BackgroundTask(file.unlink, missing_ok=True)
    return FileResponse(file, filename=f"{name}{suffix}", headers=NO_STORE, background=removed)
