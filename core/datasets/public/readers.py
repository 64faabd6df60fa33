"""What torchvision's loaders hold, as photos with labels; a loader downloads what is not there yet."""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from core.datasets.sources.labeled_photos import LabeledPhoto
from core.tasks import Split

Reader = Callable[[Path], Iterator[LabeledPhoto]]

# Their names of splits, and what they are here.
TRAIN_TEST: dict[str, Split] = {"train": "train", "test": "test"}
TRAINVAL_TEST: dict[str, Split] = {"trainval": "train", "test": "test"}
TRAIN_VAL_TEST: dict[str, Split] = {"train": "train", "val": "validation", "test": "test"}
TRAIN_VAL: dict[str, Split] = {"train": "train", "val": "test"}  # their val is what others report on: the hold-out


def _loader(name: str) -> Callable:
    """A class of torchvision.datasets; torch and torchvision take seconds to load, listing the sets needs neither."""
    import torchvision.datasets

    return getattr(torchvision.datasets, name)


def photos(name: str, task: str, splits: Mapping[str, Split], folder: Path, **options: str) -> Iterator[LabeledPhoto]:
    """Photos of a torchvision dataset with a `loader` argument: with `Path` as loader it returns the path of a file."""
    for theirs, ours in splits.items():
        data = _loader(name)(folder, split=theirs, loader=Path, download=True, **options)
        for path, label in data:
            yield _photo(path, {task: _tidy(data.classes[label])}, ours)


def eurosat(folder: Path) -> Iterator[LabeledPhoto]:
    data = _loader("EuroSAT")(folder, loader=Path, download=True)
    for path, label in data:
        yield _photo(path, {"land use": _tidy(data.classes[label])}, None)


def pets(folder: Path) -> Iterator[LabeledPhoto]:
    """With two tasks: the breed, and whether it is a cat or a dog."""
    for theirs, ours in TRAINVAL_TEST.items():
        data = _loader("OxfordIIITPet")(
            folder, split=theirs, target_types=["category", "binary-category"], download=True
        )
        # This loader cannot be told how to open a file, and has no public list of them.
        for path, breed, animal in zip(data._images, data._labels, data._bin_labels, strict=True):
            yield _photo(path, {"breed": data.classes[breed], "animal": data.bin_classes[animal]}, ours)


def aircraft(folder: Path) -> Iterator[LabeledPhoto]:
    """With three tasks, from fine to coarse."""
    for theirs, ours in TRAIN_VAL_TEST.items():
        labels: dict[Path, dict[str, str]] = {}
        for task in ("variant", "family", "manufacturer"):
            data = _loader("FGVCAircraft")(folder, split=theirs, annotation_level=task, loader=Path, download=True)
            for path, label in data:
                labels.setdefault(path, {})[task] = data.classes[label]
        yield from (_photo(path, by_task, ours) for path, by_task in labels.items())


def caltech(folder: Path) -> Iterator[LabeledPhoto]:
    data = _loader("Caltech101")(folder, download=True)
    for label, number in zip(data.y, data.index, strict=True):
        kind = data.categories[label]
        path = Path(data.root) / "101_ObjectCategories" / kind / f"image_{number:04d}.jpg"
        yield _photo(path, {"object": _tidy(kind)}, None)


def stl(folder: Path) -> Iterator[LabeledPhoto]:
    """Comes as raw pixels, which are kept as PNG."""
    for split in ("train", "test"):
        data = _loader("STL10")(folder, split=split, download=True)
        for number, (pixels, label) in enumerate(zip(data.data, data.labels.tolist(), strict=True)):
            kind = data.classes[label]
            open_picture = partial(_png, pixels.transpose(1, 2, 0))
            yield LabeledPhoto(f"{split}/{kind}/{number:05}.png", open_picture, {"object": kind}, TRAIN_TEST[split])


def _photo(path: Path, labels: dict[str, str], split: Split | None) -> LabeledPhoto:
    first = next(iter(labels.values()))
    return LabeledPhoto(f"{first}/{path.name}", lambda: path.open("rb"), labels, split)


def _png(pixels: np.ndarray) -> BinaryIO:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    file.seek(0)
    return file


def _tidy(name: str | tuple[str, ...]) -> str:
    first = name if isinstance(name, str) else name[0]  # Imagenette gives every name a thing has
    return first.replace("_", " ")
