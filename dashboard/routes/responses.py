"""Responses that several routes give."""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import DiskFull, GraftError, NotFound
from core.home import Home
from core.names import file_name
from dashboard.session.sharing import without_paths

IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
NO_STORE = {"Cache-Control": "no-store"}
WHOLE_ONLY = NO_STORE | {"Accept-Ranges": "none"}


def error_response(sentence: str, status: int) -> JSONResponse:
    """An error as JSON: {"error": sentence}."""
    return JSONResponse({"error": without_paths(sentence)}, status, headers=NO_STORE)


def export_response(home: Home, request: Request, title: str, suffix: str, write: Callable[[Path], object]) -> ASGIApp:
    """A file that is written on request, streamed from disk, and removed however the request ends.

    title: its name for the browser, made safe here. suffix: of its name, ".zip" say. write: fills the file at a path.
    A part of it (Range) is refused: the next request would find another file.
    """
    from core.datasets import inbox  # loads pandas; at the top it would keep the server from answering

    if "range" in request.headers:
        return JSONResponse({"error": "this file is made anew each time and is sent whole"}, 416, WHOLE_ONLY)
    file = inbox.temporary_file(home, suffix)
    try:
        write(file)
    except GraftError as error:
        file.unlink(missing_ok=True)
        status = 404 if isinstance(error, NotFound) else 507 if isinstance(error, DiskFull) else 409
        return error_response(str(error), status)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return _removed_once_sent(file, FileResponse(file, filename=f"{file_name(title)}{suffix}", headers=WHOLE_ONLY))


def _removed_once_sent(file: Path, response: Response) -> ASGIApp:
    # Not a BackgroundTask: that runs only where the response is sent to its end.
    async def send_and_remove(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await response(scope, receive, send)
        finally:
            file.unlink(missing_ok=True)

    return send_and_remove
