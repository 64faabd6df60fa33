"""Routes that need the engine's rooms, and with them torch: they wait until those are loaded."""

import asyncio

from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from core.home import Home
from dashboard.shared.preload import wait_until_loaded


class DeferredRoutes:
    """An ASGI app that becomes the routes of photos and runs as soon as these can be imported."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            await asyncio.to_thread(wait_until_loaded)
            self._router = _router(self._home)
        await self._router(scope, receive, send)


def _router(home: Home) -> Router:
    from dashboard.routes import photos, runs  # loaded by now; at the top it would keep the server from answering

    return Router([*photos.routes(home), *runs.routes(home)])


def routes(home: Home) -> list[BaseRoute]:
    return [Route("/graft/{rest:path}", DeferredRoutes(home))]
