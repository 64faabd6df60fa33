"""Augmentation of training photos by whole batches: crops, flips, colours, TrivialAugment, mixup and CutMix."""

from core.augmentation.mixup import Mixture, apply_mixture, mixed_terms, preview_mixup, sample_mixture
from core.augmentation.transforms import (
    ASPECT_RATIOS,
    ERASED_AREA,
    AugmentationParameters,
    apply_erasing,
    augment,
    preview_augmentation,
    sample_parameters,
)

__all__ = [
    "ASPECT_RATIOS",
    "ERASED_AREA",
    "AugmentationParameters",
    "Mixture",
    "apply_erasing",
    "apply_mixture",
    "augment",
    "mixed_terms",
    "preview_augmentation",
    "preview_mixup",
    "sample_mixture",
    "sample_parameters",
]
