"""Random changes of the training photos: crops, flips, colours, TrivialAugment, mixup and CutMix; by whole batches."""

from core.augmentation.mixup import Mixture, mix, mixed_terms, preview_mixing, sample_mixture
from core.augmentation.transforms import ASPECTS, ERASED, Draw, augment, centre, draw, erase, preview_augmentation

__all__ = [
    "ASPECTS",
    "ERASED",
    "Draw",
    "Mixture",
    "augment",
    "centre",
    "draw",
    "erase",
    "mix",
    "mixed_terms",
    "preview_augmentation",
    "preview_mixing",
    "sample_mixture",
]
