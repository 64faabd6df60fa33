"""A row of photos of which one is chosen by a click."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.datasets import Dataset
from dashboard.components.loading import load_component
from dashboard.routes import thumbnail_url

_component = load_component(Path(__file__).parent, isolate_styles=False)


def photo_choice(
    dataset: Dataset, image_ids: Sequence[str], chosen: str | None, key: str, then_show: str
) -> str | None:
    """Show photos as buttons; returns the id of the one that was just clicked.

    then_show: selector of what the click fills, scrolled to where it is out of sight.
    """
    result = _component(
        key=key,
        data={
            "thumbnails": thumbnail_url(dataset),
            "photos": list(image_ids),
            "chosen": chosen,
            "then_show": then_show,
        },
        on_picked_change=lambda: None,
    )
    return parse_choice(result.picked, image_ids)


def parse_choice(payload: Any, image_ids: Sequence[str]) -> str | None:
    """Validate what the browser sent. None when there is nothing, or nonsense."""
    image_id = payload.get("id") if isinstance(payload, dict) else None
    return image_id if isinstance(image_id, str) and image_id in image_ids else None
