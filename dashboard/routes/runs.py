"""A run's live curves, and its take-home zip."""

import re
import secrets
from functools import partial

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core.errors import DiskFull, GraftError, NotFound
from core.exports import export_zip
from core.home import Home
from core.runs import curves, get_run
from dashboard.routes.answers import FRESH, refusal

LARGEST_STEP = 2**53  # what JavaScript counts exactly


def live_curves(home: Home, request: Request) -> Response:
    """GET /graft/runs/{run}/curves?seen=&from=&to=&task= : 204 when nothing came since `seen`."""
    query = request.query_params
    try:
        seen = int(query.get("seen", -1))
        start, stop = _step(query.get("from")), _step(query.get("to"))
    except ValueError:
        return refusal("seen, from and to are whole numbers", 400)
    try:
        answer = curves(home, request.path_params["run"], seen, start, stop, query.get("task") or None)
    except NotFound:
        return refusal("no such run", 404)
    return Response(status_code=204, headers=FRESH) if answer is None else JSONResponse(answer, headers=FRESH)


def _step(text: str | None) -> int | None:
    return None if not text else max(0, min(int(text), LARGEST_STEP))


def take_home(home: Home, request: Request) -> Response:
    """GET /graft/runs/{run}/export.zip: made on request, streamed from disk, removed once sent."""
    part = home.inbox / f"export-{secrets.token_hex(8)}.zip"
    try:
        run = get_run(home, request.path_params["run"])
        export_zip(home, run.id, part)
    except NotFound as error:
        return refusal(str(error), 404)
    except DiskFull as error:
        part.unlink(missing_ok=True)
        return refusal(str(error), 507)
    except GraftError as error:
        return refusal(str(error), 409)
    removed = BackgroundTask(part.unlink, missing_ok=True)
    name = re.sub(r"[^\w.-]+", "-", run.name).strip("-.") or run.id
    return FileResponse(part, media_type="application/zip", filename=f"{name}.zip", headers=FRESH, background=removed)


def routes(home: Home) -> list[Route]:
    return [
        Route("/graft/runs/{run}/curves", partial(live_curves, home)),
        Route("/graft/runs/{run}/export.zip", partial(take_home, home)),
    ]
