"""Addresses of the routes, for pages and components."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:  # loads torch; the server answers before that is done
    from core.datasets import Dataset


SIGN_OUT_URL = "/graft/sign-out"  # answered only where Graft is shared


def _quote(text: str) -> str:
    return quote(text, safe="")


def photo_list_url(dataset: Dataset, task: str) -> str:
    return f"/graft/datasets/{_quote(dataset.id)}/versions/{dataset.version}/photos?task={_quote(task)}"


def thumbnail_url(dataset: Dataset) -> str:
    """The address to which an image_id is appended, percent-encoded."""
    return f"/graft/datasets/{_quote(dataset.id)}/thumbnails/"


def full_photo_url(dataset: Dataset) -> str:
    """The address to which an image_id is appended, percent-encoded."""
    return f"/graft/datasets/{_quote(dataset.id)}/photos/"


def dataset_export_url(dataset: Dataset, export_id: str) -> str:
    return f"/graft/datasets/{_quote(dataset.id)}/versions/{dataset.version}/exports/{_quote(export_id)}"


def sample_url(sample_id: str, number: int) -> str:
    return f"/graft/samples/{_quote(sample_id)}/{number}"


def curves_url(run_id: str) -> str:
    return f"/graft/runs/{_quote(run_id)}/curves"


def run_export_url(run_id: str, export_id: str) -> str:
    return f"/graft/runs/{_quote(run_id)}/exports/{_quote(export_id)}"
