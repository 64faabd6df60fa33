"""Answers that several routes give."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, Response

from core.errors import DiskFull, GraftError, NotFound
from core.home import Home

IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
FRESH = {"Cache-Control": "no-store"}


def refusal(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers=FRESH)


def made_zip(home: Home, write: Callable[[Path], str]) -> Response:
    """A zip that is made on request, streamed from disk and removed once sent. write: to that place; gives its name."""
    part = home.inbox / f"export-{secrets.token_hex(8)}.zip"
    try:
        called = write(part)
    except NotFound as error:
        return refusal(str(error), 404)
    except DiskFull as error:
        part.unlink(missing_ok=True)
        return refusal(str(error), 507)
    except GraftError as error:
        return refusal(str(error), 409)
    removed = BackgroundTask(part.unlink, missing_ok=True)
    name = re.sub(r"[^\w.-]+", "-", called).strip("-.") or "graft"
    return FileResponse(part, media_type="application/zip", filename=f"{name}.zip", headers=FRESH, background=removed)
