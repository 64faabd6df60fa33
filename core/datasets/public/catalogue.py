"""Which public sets there are: size, licence and classes, known before anything is downloaded."""

from dataclasses import dataclass
from functools import partial

from core.datasets.public import readers
from core.datasets.public.readers import Reader
from core.errors import NotFound


@dataclass(frozen=True)
class PublicSet:
    """A set to be had from the network. bytes: of the download. classes: of its first task."""

    id: str
    title: str
    sentence: str
    images: int
    classes: int
    bytes: int
    licence: str
    url: str


def public_sets() -> tuple[PublicSet, ...]:
    return tuple(known for known, _ in _SETS)


def find(set_id: str) -> tuple[PublicSet, Reader]:
    """A set, and how it is read. Raises NotFound."""
    for chosen, read in _SETS:
        if chosen.id == set_id:
            return chosen, read
    raise NotFound(f'There is no public set "{set_id}".', f"There are {', '.join(s.id for s in public_sets())}.")


_OXFORD = "https://www.robots.ox.ac.uk/~vgg/data"
_SETS: tuple[tuple[PublicSet, Reader], ...] = (
    (
        PublicSet(
            "oxford-iiit-pet",
            "Cats and dogs (Oxford-IIIT Pet)",
            "Photos of 37 breeds, and whether it is a cat or a dog.",
            7_349,
            37,
            811_000_000,
            "CC BY-SA 4.0",
            f"{_OXFORD}/pets/",
        ),
        readers.pets,
    ),
    (
        PublicSet(
            "flowers102",
            "Flowers (Oxford 102)",
            "Flowers common in Britain; only ten photos of each to learn from.",
            8_189,
            102,
            345_000_000,
            "not stated by its authors",
            f"{_OXFORD}/flowers/102/",
        ),
        partial(readers.photos, "Flowers102", "flower", readers.TRAIN_VAL_TEST),
    ),
    (
        PublicSet(
            "eurosat",
            "Land from space (EuroSAT)",
            "Satellite pictures of fields, forests, rivers and towns in Europe, 64 x 64 pixels.",
            27_000,
            10,
            94_000_000,
            "MIT",
            "https://huggingface.co/datasets/torchgeo/eurosat",
        ),
        readers.eurosat,
    ),
    (
        PublicSet(
            "dtd",
            "Textures (DTD)",
            "What surfaces look like: bubbly, cracked, striped, woven.",
            5_640,
            47,
            625_000_000,
            "for research, as its authors say",
            f"{_OXFORD}/dtd/",
        ),
        partial(readers.photos, "DTD", "texture", readers.TRAIN_VAL_TEST),
    ),
    (
        PublicSet(
            "food101",
            "Food (Food-101)",
            "Photos of dishes as people post them, some labels wrong on purpose.",
            101_000,
            101,
            4_996_000_000,
            "photos of Foodspotting's users; for research",
            "http://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        ),
        partial(readers.photos, "Food101", "dish", readers.TRAIN_TEST),
    ),
    (
        PublicSet(
            "fgvc-aircraft",
            "Aircraft (FGVC)",
            "Aeroplanes that differ in details: variant, family and manufacturer.",
            10_000,
            100,
            2_753_000_000,
            "non-commercial research",
            f"{_OXFORD}/fgvc-aircraft/",
        ),
        readers.aircraft,
    ),
    (
        PublicSet(
            "caltech101",
            "Objects (Caltech 101)",
            "Everyday objects, animals and instruments, 31 to 800 photos of each.",
            8_677,
            101,
            137_000_000,
            "CC BY 4.0",
            "https://data.caltech.edu/records/mzrjq-6wc02",
        ),
        readers.caltech,
    ),
    (
        PublicSet(
            "imagenette",
            "Ten easy things (Imagenette)",
            "Ten classes of ImageNet that are easy to tell apart, short side 320 pixels.",
            13_394,
            10,
            342_000_000,
            "Apache 2.0; photos under ImageNet's terms (non-commercial research)",
            "https://s3.amazonaws.com/fast-ai-imageclas/",
        ),
        partial(readers.photos, "Imagenette", "object", readers.TRAIN_VAL, size="320px"),
    ),
    (
        PublicSet(
            "stl10",
            "Animals and vehicles (STL-10)",
            "Ten classes of 96 x 96 pixels; its 100,000 unlabelled pictures are left out.",
            13_000,
            10,
            2_640_000_000,
            "photos of ImageNet (non-commercial research)",
            "http://ai.stanford.edu/~acoates/stl10/",
        ),
        readers.stl,
    ),
)
