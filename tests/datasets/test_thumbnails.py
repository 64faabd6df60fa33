"""Small pictures for the screen."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from core.datasets import thumbnails
from core.datasets.dataset import Dataset
from core.datasets.thumbnails import thumbnail
from core.errors import BadDataset
from core.home import Home


@pytest.fixture
def photo(tmp_path: Path) -> Dataset:
    path = tmp_path / "leaf.png"
    Image.new("RGB", (900, 450), "#2a6").save(path)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    table = pd.DataFrame({"image_id": ["one"], "name": ["leaf.png"], "hash": [content], "file": ["leaf.png"]})
    return Dataset("id", "Leaves", 1, tmp_path, (), table)


def test_the_longer_side_is_240_and_the_shape_is_kept(home: Home, photo: Dataset) -> None:
    with Image.open(thumbnail(home, photo, "one")) as small:
        assert (small.format, small.size) == ("JPEG", (240, 120))


def test_a_small_photo_is_not_enlarged(home: Home, photo: Dataset) -> None:
    Image.new("RGB", (30, 40)).save(photo.folder / "leaf.png")
    with Image.open(thumbnail(home, photo, "one")) as small:
        assert small.size == (30, 40)


def test_a_thumbnail_is_made_once(home: Home, photo: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = thumbnail(home, photo, "one")
    monkeypatch.setattr(thumbnails, "decode_within", None)
    assert thumbnail(home, photo, "one") == first


def test_an_original_that_is_gone_leaves_nothing_behind(home: Home, photo: Dataset) -> None:
    (photo.folder / "leaf.png").unlink()
    with pytest.raises(BadDataset, match="cannot be read"):
        thumbnail(home, photo, "one")
    assert not list(home.thumbnails.iterdir())
