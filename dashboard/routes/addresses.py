"""Where the routes are, for who asks them: pages and components."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:  # loads torch; the server answers before that is done
    from core.datasets import Dataset


def _part(text: str) -> str:
    return quote(text, safe="")


def photo_list_url(dataset: Dataset, task: str) -> str:
    return f"/graft/datasets/{_part(dataset.id)}/versions/{dataset.version}/photos?task={_part(task)}"


def thumbnail_url(dataset: Dataset) -> str:
    """To be followed by an image_id, escaped as a part of an address."""
    return f"/graft/datasets/{_part(dataset.id)}/thumbnails/"


def full_photo_url(dataset: Dataset) -> str:
    """To be followed by an image_id, escaped as a part of an address."""
    return f"/graft/datasets/{_part(dataset.id)}/photos/"


def photos_zip_url(dataset: Dataset) -> str:
    return f"/graft/datasets/{_part(dataset.id)}/versions/{dataset.version}/photos.zip"


def sample_url(sample_id: str, number: int) -> str:
    return f"/graft/samples/{_part(sample_id)}/{number}"


def curves_url(run_id: str) -> str:
    return f"/graft/runs/{_part(run_id)}/curves"


def export_url(run_id: str) -> str:
    return f"/graft/runs/{_part(run_id)}/export.zip"
