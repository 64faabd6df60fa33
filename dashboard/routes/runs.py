"""A run's live curves, and its model in each registered format."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from core.errors import Damaged, NotFound
from core.exports import RUN_EXPORTS, get_export
from core.home import Home
from core.monitoring import curves
from core.runs import Run, get_run
from dashboard.routes.responses import NO_STORE, error_response, export_response

LARGEST_STEP = 2**53  # what JavaScript counts exactly


def _requested_run(home: Home, request: Request) -> Run:
    """The run that {run} names by its whole id. Raises NotFound."""
    run = get_run(home, request.path_params["run"])
    if run.id != request.path_params["run"]:
        raise NotFound("There is no run of that id.")
    return run


def live_curves(home: Home, request: Request) -> Response:
    """GET /graft/runs/{run}/curves?seen=&from=&to=&task= : 204 when nothing came since `seen`."""
    query = request.query_params
    try:
        seen = int(query.get("seen", -1))
        start, stop = _step(query.get("from")), _step(query.get("to"))
    except ValueError:
        return error_response("seen, from and to are whole numbers", 400)
    try:
        answer = curves(home, _requested_run(home, request).id, seen, start, stop, query.get("task") or None)
    except (NotFound, Damaged):
        return error_response("no such run", 404)
    return Response(status_code=204, headers=NO_STORE) if answer is None else JSONResponse(answer, headers=NO_STORE)


def _step(text: str | None) -> int | None:
    return None if not text else max(0, min(int(text), LARGEST_STEP))


def run_export(home: Home, request: Request) -> ASGIApp:
    """GET /graft/runs/{run}/exports/{export}"""
    try:
        run = _requested_run(home, request)
        export = get_export(RUN_EXPORTS, request.path_params["export"])
    except (NotFound, Damaged):
        return error_response("no such run or format", 404)
    return export_response(home, request, run.name, export.suffix, partial(export.save, home, run))


def routes(home: Home) -> list[Route]:
    return [
        Route("/graft/runs/{run}/curves", partial(live_curves, home)),
        Route("/graft/runs/{run}/exports/{export}", partial(run_export, home)),
    ]
