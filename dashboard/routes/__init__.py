"""What pages ask for without a rerun: uploads, photo lists, thumbnails, curves, exports, fonts, JavaScript.

Every address begins with /graft/. What never changes under its address is cached by the browser for ever.
"""

from starlette.routing import BaseRoute

from core.home import Home
from dashboard.routes import assets, deferred, uploads
from dashboard.routes.assets import PLOTLY_URL, module_url
from dashboard.routes.uploads import UPLOADS_URL
from dashboard.routes.urls import (
    curves_url,
    dataset_export_url,
    full_photo_url,
    photo_list_url,
    run_export_url,
    sample_url,
    thumbnail_url,
)

__all__ = [
    "PLOTLY_URL",
    "UPLOADS_URL",
    "curves_url",
    "dataset_export_url",
    "full_photo_url",
    "module_url",
    "photo_list_url",
    "routes",
    "run_export_url",
    "sample_url",
    "thumbnail_url",
]


def routes(home: Home) -> list[BaseRoute]:
    """All routes of one home."""
    return [*assets.routes(), *uploads.routes(home), *deferred.routes(home)]
