"""Features of photos, with an activation cache: the frozen part of a network runs once per photo."""

from core.activations.cache import ActivationCache, CachedActivations, cached_stages, digest_of_tensors, gather_views
from core.activations.cache_files import Activations
from core.activations.feature_pipeline import FeaturePipeline, build_pipeline
from core.activations.input_batches import GpuPixelCache, cache_pixels_on_gpu, view_pixels
from core.activations.photo_features import photo_features
from core.activations.split_backbone import forward_facts

__all__ = [
    "ActivationCache",
    "Activations",
    "CachedActivations",
    "FeaturePipeline",
    "GpuPixelCache",
    "build_pipeline",
    "cache_pixels_on_gpu",
    "cached_stages",
    "digest_of_tensors",
    "forward_facts",
    "gather_views",
    "photo_features",
    "view_pixels",
]
