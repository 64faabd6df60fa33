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


def zip_response(home: Home, write: Callable[[Path], str]) -> Response:
    """A zip that is written on request, streamed from disk and removed once sent.

    write: fills the file at a path and returns the name of what is in it.
    """
    from core.datasets import inbox  # loads pandas; at the top it would keep the server from answering

    file = inbox.temporary_file(home, ".zip")
    try:
        title = write(file)
    except NotFound as error:
        return error_response(str(error), 404)
    except DiskFull as error:
        file.unlink(missing_ok=True)
        return error_response(str(error), 507)
    except GraftError as error:
        return error_response(str(error), 409)
    removed = BackgroundTask(file.unlink, missing_ok=True)
    name = re.sub(r"[^\w.-]+", "-", title).strip("-.") or "graft"
    return FileResponse(
        file, media_type="application/zip", filename=f"{name}.zip", headers=NO_STORE, background=removed
    )
