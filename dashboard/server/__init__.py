"""The one server: pages, routes and the worker that carries runs out; how it ends."""

from dashboard.server.server import serve

__all__ = ["serve"]
