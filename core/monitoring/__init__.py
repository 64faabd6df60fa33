"""A run as pages draw it: curves, epochs, verdict, live from memory or from the database."""

from core.monitoring.live import curves, hide, show, stored_view, verdict_of, view_of

__all__ = [
    "curves",
    "hide",
    "show",
    "stored_view",
    "verdict_of",
    "view_of",
]
