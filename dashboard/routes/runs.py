"""A run's live curves, and its model in each registered format."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import NotFound
from core.exports import RUN_EXPORTS, get_export
from core.home import Home
from core.monitoring import curves
from core.runs import get_run
from dashboard.routes.responses import NO_STORE, error_response, export_response

LARGEST_STEP = 2**53  # what JavaScript counts exactly


def live_curves(home: Home, request: Request) -> Response:
    """GET /graft/runs/{run}/curves?seen=&from=&to=&task= : 204 when nothing came since `seen`."""
    query = request.query_params
    try:
        seen = int(query.get("seen", -1))
        start, stop = _step(query.get("from")), _step(query.get("to"))
    except ValueError:
        return error_response("seen, from and to are whole numbers", 400)
    try:
        answer = curves(home, request.path_params["run"], seen, start, stop, query.get("task") or None)
    except NotFound:
        return error_response("no such run", 404)
    return Response(status_code=204, headers=NO_STORE) if answer is None else JSONResponse(answer, headers=NO_STORE)


def _step(text: str | None) -> int | None:
    return None if not text else max(0, min(int(text), LARGEST_STEP))


def run_export(home: Home, request: Request) -> Response:
    """GET /graft/runs/{run}/exports/{export}"""
    try:
        run = get_run(home, request.path_params["run"])
        export = get_export(RUN_EXPORTS, request.path_params["export"])
    except NotFound as error:
        return error_response(str(error), 404)
    return export_response(home, run.name, export.suffix, partial(export.save, home, run))


def routes(home: Home) -> list[Route]:
    return [
        Route("/graft/runs/{run}/curves", partial(live_curves, home)),
        Route("/graft/runs/{run}/exports/{export}", partial(run_export, home)),
    ]
