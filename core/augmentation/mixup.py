"""Photos of a batch mixed with each other, and their labels with them, in some of the batches.

mixup: x <- lam x + (1 - lam) x', Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
cutmix: a rectangle of x' is pasted into x, and lam is the share of x that is left, Yun et al., "CutMix", ICCV 2019.

In both, loss <- lam loss(labels of x) + (1 - lam) loss(labels of x'), with one lam per batch; x' is the batch permuted.
The two-term form of the loss (mixup, section 2) serves every objective with labels.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.objectives import BatchOutput, Loss
from core.plans import Augmentation

# lam ~ Beta(ALPHA, ALPHA): mostly near 0 or 1 in mixup, as the paper found best for photos; uniform in cutmix.
MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0
_SEED = 0x317  # tells these random numbers from those of other uses of the plan's seed


@dataclass(frozen=True)
class Mixture:
    """How the photos of a batch are mixed.

    lam: the weight of each photo itself. permutation: int64 [images], the photo that each is mixed with. box: left,
    top, right and bottom of the pasted rectangle as fractions of the sides; None for mixup.
    """

    lam: float
    permutation: np.ndarray
    box: tuple[float, float, float, float] | None = None


def sample_mixture(augmentation: Augmentation, seed: int, step: int, images: int, size: int) -> Mixture | None:
    """Sample how the batch of a step (from 0 over the whole run) is mixed; None where it stays unmixed.

    size: side of the photos in pixels; rectangles are cut at whole pixels.
    """
    if not augmentation.mixes:
        return None
    rng = np.random.default_rng((seed, _SEED, step))
    choice, x, y = rng.random(3)
    if choice >= augmentation.mixup + augmentation.cutmix:
        return None
    permutation = rng.permutation(images)
    if choice < augmentation.mixup:
        return Mixture(float(rng.beta(MIXUP_ALPHA, MIXUP_ALPHA)), permutation)
    side = round(size * math.sqrt(1 - rng.beta(CUTMIX_ALPHA, CUTMIX_ALPHA))) / size
    left, top = (round(each * size * (1 - side)) / size for each in (x, y))
    return Mixture(1 - side**2, permutation, (left, top, left + side, top + side))


def apply_mixture(images: Tensor, mixture: Mixture) -> Tensor:
    """Mix normalised images [images, 3, height, width]."""
    others = images[torch.from_numpy(mixture.permutation).to(images.device)]
    if mixture.box is None:
        return torch.lerp(others, images, mixture.lam)
    height, width = images.shape[-2:]
    left, top, right, bottom = np.rint(np.multiply(mixture.box, (width, height, width, height))).astype(int)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
    return mixed


def preview_mixup(views: Tensor, others: Tensor, augmentation: Augmentation, seed: int) -> Tensor:
    """Views of one photo as training may mix them with views of another; all uint8 [views, 3, size, size]."""
    mixed = []
    for number, pair in enumerate(torch.stack([views, others], dim=1)):
        mixture = sample_mixture(augmentation, seed, number, len(pair), pair.shape[-1])
        of_pair = mixture and replace(mixture, permutation=np.array([1, 0]))
        mixed.append(apply_mixture(pair.float(), of_pair)[0].round().to(torch.uint8) if of_pair else pair[0])
    return torch.stack(mixed)


def mixed_terms(loss: Loss, output: BatchOutput, mixture: Mixture | None) -> Tensor:
    """The weighted terms [terms] of the loss of a batch whose photos are mixed so; they add up to the loss."""
    own_terms = loss.by_term(output)
    if mixture is None:
        return own_terms
    other_terms = loss.by_term(output.with_permuted_targets(mixture.permutation))
    return mixture.lam * own_terms + (1 - mixture.lam) * other_terms
