"""The frozen part of a network runs once per photo: features of a phase, and the cache that keeps them."""

from core.activations.cache import Keeper, KeptActivations, digest_of_tensors
from core.activations.cache_files import Values
from core.activations.cache_index import looks_kept
from core.activations.feature_pipeline import LOOKING, LOOKING_AGAIN, PhotoPath, gathered, open_path, pixels_seen
from core.activations.gpu_pixels import make_resident

__all__ = [
    "LOOKING",
    "LOOKING_AGAIN",
    "Keeper",
    "KeptActivations",
    "PhotoPath",
    "Values",
    "digest_of_tensors",
    "gathered",
    "looks_kept",
    "make_resident",
    "open_path",
    "pixels_seen",
]
