"""Fonts and plotly.js from this computer: no page of Graft asks another."""

from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.routes.answers import IMMUTABLE, refusal

FONTS = Path(__file__).parents[2] / "assets" / "fonts"
FONT_NAMES = ("fraunces.woff2", "inter.woff2")
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PLOTLY_URL = f"/graft/plotly-{plotly.__version__}.min.js"  # its version in the name: a newer one is asked for anew


def plotly_js(request: Request) -> Response:
    return FileResponse(PLOTLY_JS, media_type="text/javascript", headers=IMMUTABLE)


def font(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FONT_NAMES:
        return refusal("no such font", 404)
    return FileResponse(FONTS / name, media_type="font/woff2", headers=IMMUTABLE)


def routes() -> list[Route]:
    return [Route(PLOTLY_URL, plotly_js), Route("/graft/fonts/{name}", font)]
