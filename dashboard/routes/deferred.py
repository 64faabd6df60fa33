"""Routes that need the engine and with it torch: their requests wait until it is loaded."""

import asyncio

from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from core.home import Home
from dashboard.shared.preload import wait_until_loaded


class DeferredRoutes:
    """An ASGI app that builds the routes of photos and runs once they can be imported, and passes requests on."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            await asyncio.to_thread(wait_until_loaded)
            self._router = _build_router(self._home)
        await self._router(scope, receive, send)


def _build_router(home: Home) -> Router:
    from dashboard.routes import photos, runs  # loaded by now; at the top it would keep the server from answering

    return Router([*photos.routes(home), *runs.routes(home)])


def routes(home: Home) -> list[BaseRoute]:
    return [Route("/graft/{rest:path}", DeferredRoutes(home))]
