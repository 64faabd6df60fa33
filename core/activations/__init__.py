"""The frozen part of a network runs once per photo: features of a phase, and the cache that keeps them."""

from core.activations.cache import ActivationCache, CachedActivations, digest_of_tensors
from core.activations.cache_files import Activations
from core.activations.cache_index import cached_stages
from core.activations.feature_pipeline import (
    FeaturePipeline,
    build_pipeline,
    gather_views,
    view_pixels,
)
from core.activations.gpu_pixels import cache_pixels_on_gpu

__all__ = [
    "ActivationCache",
    "Activations",
    "CachedActivations",
    "FeaturePipeline",
    "build_pipeline",
    "cache_pixels_on_gpu",
    "cached_stages",
    "digest_of_tensors",
    "gather_views",
    "view_pixels",
]
