"""Fonts, plotly.js and the modules of components from this computer: no page of Graft asks another."""

import hashlib
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dashboard.routes.responses import IMMUTABLE, error_response

FONTS = Path(__file__).parents[2] / "assets" / "fonts"
FONT_NAMES = ("fraunces.woff2", "inter.woff2")
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PLOTLY_URL = f"/graft/plotly-{plotly.__version__}.min.js"  # its version in the name: a newer one is asked for anew
MODULES = {
    f"{path.parent.name}/{path.name}": path for path in (Path(__file__).parents[1] / "components").glob("*/*.js")
}
# In the address of all of them, so that a changed one and what it imports are asked for anew.
_MODULES_DIGEST = hashlib.sha256(b"".join(MODULES[name].read_bytes() for name in sorted(MODULES))).hexdigest()[:12]


def module_url(component: str, name: str) -> str:
    """Where the browser finds a component's JavaScript module, and beside it those that it imports."""
    return f"/graft/components/{_MODULES_DIGEST}/{component}/{name}"


def plotly_js(request: Request) -> Response:
    return FileResponse(PLOTLY_JS, media_type="text/javascript", headers=IMMUTABLE)


def font(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FONT_NAMES:
        return error_response("no such font", 404)
    return FileResponse(FONTS / name, media_type="font/woff2", headers=IMMUTABLE)


def module(request: Request) -> Response:
    path = MODULES.get(f"{request.path_params['component']}/{request.path_params['name']}")
    if path is None:
        return error_response("no such module", 404)
    return FileResponse(path, media_type="text/javascript", headers=IMMUTABLE)


def routes() -> list[Route]:
    return [
        Route(PLOTLY_URL, plotly_js),
        Route("/graft/fonts/{name}", font),
        Route("/graft/components/{digest}/{component}/{name}", module),
    ]
