"""What samples there are, and how one becomes a dataset like any other."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from core.datasets.dataset import Dataset
from core.datasets.importing import import_photos
from core.datasets.parallel import in_order
from core.datasets.samples import digits
from core.datasets.samples.ink import sketch
from core.datasets.samples.painting import paint
from core.datasets.samples.species import SPECIES, Random
from core.datasets.sources.labeled_photos import LabeledPhoto, LabeledPhotos
from core.errors import NotFound
from core.home import Home, Progress, silent, whole_file

PER_SPECIES = 120
HEALTH = ("healthy", "spotted")


@dataclass(frozen=True)
class Sample:
    """A set of pictures that needs neither files nor network. tasks: the names of its label columns."""

    id: str
    title: str
    sentence: str
    images: int
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class _Picture:
    """One picture that can be drawn: everything about it but its pixels."""

    name: str
    labels: dict[str, str]
    draw: Callable[[], Image.Image]


_SAMPLES = (
    Sample(
        "leaves",
        "Leaves",
        "Photos of leaves of five trees, healthy or spotted, drawn by Graft itself.",
        len(SPECIES) * PER_SPECIES,
        ("species", "health"),
    ),
    Sample(
        "leaves-ink",
        "Leaves in ink",
        "The same five trees as ink drawings: can a model that knows the photos read these?",
        len(SPECIES) * PER_SPECIES,
        ("species", "health"),
    ),
    Sample(
        "digits",
        "Handwritten digits",
        "Real digits from 0 to 9 by 43 people, small and quick to learn.",
        1797,
        ("digit",),
    ),
)
_SHOWN = {"leaves": (240, 120, 5), "leaves-ink": (128, 365, 240), "digits": (3, 16, 18)}  # handsome, of three classes


def samples() -> tuple[Sample, ...]:
    return _SAMPLES


def import_sample(home: Home, sample_id: str, name: str | None = None, progress: Progress = silent) -> Dataset:
    """The sample as a dataset, drawn anew, the same each time; named as its title, if not otherwise.

    Raises NotFound, BadInput (the name), DiskFull.
    """
    sample = _sample(sample_id)
    pictures = _pictures(sample_id)
    photos = _photos(pictures, "png" if sample_id == "digits" else "jpg")
    source = LabeledPhotos(photos, f"the sample {sample.title}", count=len(pictures))
    return import_photos(home, name or sample.title, source, progress=progress)


def sample_preview(home: Home, sample_id: str) -> list[Path]:
    """Three of the sample's pictures as files, drawn once. Raises NotFound, DiskFull."""
    _sample(sample_id)
    folder = home.thumbnails / "samples"
    paths = [folder / f"{sample_id}-{number}.jpg" for number in _SHOWN[sample_id]]
    if not all(path.exists() for path in paths):
        pictures = _pictures(sample_id)
        for path, number in zip(paths, _SHOWN[sample_id], strict=True):
            with whole_file(path) as part:
                part.write_bytes(_encoded(pictures[number].draw(), "jpg"))
    return paths


def _sample(sample_id: str) -> Sample:
    known = {sample.id: sample for sample in _SAMPLES}
    if sample_id not in known:
        raise NotFound(f'There is no sample "{sample_id}".', f"There are {', '.join(known)}.")
    return known[sample_id]


def _pictures(sample_id: str) -> Sequence[_Picture]:
    if sample_id == "digits":
        return _digits()
    return _leaves(paint if sample_id == "leaves" else sketch, seed=1 if sample_id == "leaves" else 2)


def _leaves(draw: Callable[[str, bool, Random], Image.Image], seed: int) -> list[_Picture]:
    pictures = []
    for kind, species in enumerate(SPECIES):
        for number in range(PER_SPECIES):
            spotted = number % 2 == 1
            picture = partial(_seeded, draw, species, spotted, (seed, kind, number))
            labels = {"species": species, "health": HEALTH[spotted]}
            pictures.append(_Picture(f"{species}/{species}-{number:03}", labels, picture))
    return pictures


def _seeded(
    draw: Callable[[str, bool, Random], Image.Image], species: str, spotted: bool, seed: tuple[int, ...]
) -> Image.Image:
    return draw(species, spotted, np.random.default_rng(seed))


def _digits() -> list[_Picture]:
    images, labels = digits.load()
    return [
        _Picture(f"{label}/{number:04}", {"digit": str(label)}, partial(digits.write, image))
        for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    ]


def _photos(pictures: Sequence[_Picture], kind: str) -> Iterator[LabeledPhoto]:
    def drawn(picture: _Picture) -> LabeledPhoto:
        content = _encoded(picture.draw(), kind)
        return LabeledPhoto(f"{picture.name}.{kind}", lambda: io.BytesIO(content), picture.labels)

    return in_order(drawn, pictures)


def _encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "png":
        image.save(file, "PNG", compress_level=6)
    else:
        image.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()
