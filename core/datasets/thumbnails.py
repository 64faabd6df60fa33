"""Small pictures for the screen, made once per photo."""

from pathlib import Path

from PIL import Image

from core.datasets.dataset import Dataset
from core.datasets.decoding import decode_within
from core.home import Home, whole_file

SIDE = 240  # of the longer side: sharp in a grid of cards on a dense screen, about 10 kB


def thumbnail(home: Home, dataset: Dataset, image_id: str) -> Path:
    """A JPEG of one photo, longer side 240 pixels at most; the same file for the same content in any dataset.

    Raises KeyError for an id that is not in this version, BadDataset when the original can no longer be read, DiskFull.
    """
    content = str(dataset.table["hash"].iat[dataset.row[image_id]])
    path = home.thumbnails / content[:2] / f"{content}.jpg"
    if not path.exists():
        save_thumbnail(decode_within(dataset.path(image_id), SIDE), path)
    return path


def save_thumbnail(image: Image.Image, path: Path) -> None:
    with whole_file(path) as part:
        image.save(part, "JPEG", quality=85)
