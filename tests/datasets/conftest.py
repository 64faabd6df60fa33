"""Photos made in memory and packed in every way that people pack them."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import Dataset

Zipped = Callable[..., Path]


def photo(number: int = 0, size: tuple[int, int] = (40, 36), kind: str = "PNG") -> bytes:
    """The bytes of a picture; another number is another picture."""
    picture = Image.new("RGB", size, (number % 256, number // 256 % 256, 90))
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.fixture
def zipped(tmp_path: Path) -> Zipped:
    """zipped({"cat/1.png": photo(1), ...}): a zip of these files."""

    def pack(files: Mapping[str, bytes], name: str = "photos.zip") -> Path:
        target = tmp_path / name
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, content in files.items():
                archive.writestr(inside, content)
        return target

    return pack


def classes_by_name(dataset: Dataset, task: str | None = None) -> dict[str, str | None]:
    """What each photo is called where it came from, and its class; None where the label is missing."""
    chosen = dataset.task(task)
    words = [*chosen.classes, None]
    return {name: words[label] for name, label in zip(dataset.table["name"], dataset.labels(chosen), strict=True)}


def splits_by_name(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.table["name"], dataset.table["split"], strict=True))


def leftovers(root: Path) -> set[str]:
    """Everything below the folder of datasets."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}
