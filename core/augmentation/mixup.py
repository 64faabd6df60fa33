"""Photos of a batch mixed with each other, and their labels with them, in some of the batches.

mixup: x <- w x + (1 - w) x', Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
cutmix: a rectangle of x' is pasted into x, and w is the share of x that is left, Yun et al., "CutMix", ICCV 2019.

In both, loss <- w loss(labels of x) + (1 - w) loss(labels of x'), with one w per batch; x' is the same batch in another
order. The two-term form of the loss (mixup, section 2) serves every objective that looks at labels.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.objectives import BatchOutput, Loss
from core.plans import Augmentation

# w comes from Beta(ALPHA, ALPHA): mixup near 0 or 1 mostly, as the paper found best for photos; cutmix anywhere alike.
MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0
_MIXTURES = 0x317  # so that these draws are none of the augmentation's


@dataclass(frozen=True)
class Mixture:
    """own: w. other: int64 [images], whose photo x' is. box: left, top, right and bottom of the pasted rectangle as
    shares of the sides; None for mixup.
    """

    own: float
    other: np.ndarray
    box: tuple[float, float, float, float] | None = None


def sample_mixture(changes: Augmentation, seed: int, step: int, images: int, size: int) -> Mixture | None:
    """What happens to the batch of this step (from 0 over the whole run); None where it stays unmixed.

    size: the side of the photos in pixels, to whole numbers of which rectangles are cut.
    """
    if not changes.mixes:
        return None
    rng = np.random.default_rng((seed, _MIXTURES, step))
    which, x, y = rng.random(3)
    if which >= changes.mixup + changes.cutmix:
        return None
    other = rng.permutation(images)
    if which < changes.mixup:
        return Mixture(float(rng.beta(MIXUP_ALPHA, MIXUP_ALPHA)), other)
    side = round(size * math.sqrt(1 - rng.beta(CUTMIX_ALPHA, CUTMIX_ALPHA))) / size
    left, top = (round(each * size * (1 - side)) / size for each in (x, y))
    return Mixture(1 - side**2, other, (left, top, left + side, top + side))


def apply_mixture(images: Tensor, mixture: Mixture) -> Tensor:
    """Normalised images [images, 3, height, width], mixed."""
    others = images[torch.from_numpy(mixture.other).to(images.device)]
    if mixture.box is None:
        return torch.lerp(others, images, mixture.own)
    height, width = images.shape[-2:]
    left, top, right, bottom = np.rint(np.multiply(mixture.box, (width, height, width, height))).astype(int)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
    return mixed


def preview_mixup(views: Tensor, others: Tensor, changes: Augmentation, seed: int) -> Tensor:
    """Views of one photo as training may mix them with views of another; all uint8 [views, 3, size, size]."""
    shown = []
    for number, pair in enumerate(torch.stack([views, others], dim=1)):
        mixture = sample_mixture(changes, seed, number, len(pair), pair.shape[-1])
        swapped = mixture and replace(mixture, other=np.array([1, 0]))
        shown.append(apply_mixture(pair.float(), swapped)[0].round().to(torch.uint8) if swapped else pair[0])
    return torch.stack(shown)


def mixed_terms(loss: Loss, output: BatchOutput, mixture: Mixture | None) -> Tensor:
    """The weighted terms [terms] of the loss of a batch whose photos are mixed so; they add up to the loss."""
    own_terms = loss.by_term(output)
    if mixture is None:
        return own_terms
    other_terms = loss.by_term(output.with_permuted_targets(mixture.other))
    return mixture.own * own_terms + (1 - mixture.own) * other_terms
