"""A run as pages draw it: curves, epochs, verdict, live from memory or from the database."""

from core.monitoring.live import curves, read_stored_view, read_verdict, read_view, register_live, unregister_live

__all__ = [
    "curves",
    "read_stored_view",
    "read_verdict",
    "read_view",
    "register_live",
    "unregister_live",
]
