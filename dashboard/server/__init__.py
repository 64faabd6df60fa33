"""The one server: pages, routes and the worker that carries runs out; how it ends; and who may use it.

A request passes `guard` (own names, own origin), the `Door` where Graft is shared, then Streamlit or a route.
"""

from dashboard.server.pass_phrase import choose_pass_phrase
from dashboard.server.server import serve

__all__ = ["choose_pass_phrase", "serve"]
