"""One strong change of a photo, chosen by chance among many kinds: Müller and Hutter, "TrivialAugment", ICCV 2021, with
the kinds and ranges of Cubuk et al., "RandAugment", NeurIPS 2020, that no other setting of the augmentation has.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

Change = Callable[[Tensor, float], Tensor]  # uint8 [3, side, side], strength from -1 to 1 -> the same photo, changed

SHEAR = 17.0  # degrees at full strength
SHIFT = 0.3  # of the photo's side
TURN = 30.0  # degrees
SHARPER = 0.9  # blurred by so much, or sharpened
FEWEST_BITS = 4  # of 8, that posterizing leaves


def _moved(photo: Tensor, angle: float = 0.0, shift: tuple[float, float] = (0, 0), shear: tuple = (0, 0)) -> Tensor:
    side = photo.shape[-1]
    return functional.affine(
        photo,
        angle=angle,
        translate=[round(each * side) for each in shift],
        scale=1.0,
        shear=list(shear),
        interpolation=InterpolationMode.BILINEAR,
        fill=[128.0],
    )


CHANGES: dict[str, Change] = {
    "shear across": lambda photo, s: _moved(photo, shear=(SHEAR * s, 0.0)),
    "shear down": lambda photo, s: _moved(photo, shear=(0.0, SHEAR * s)),
    "shift across": lambda photo, s: _moved(photo, shift=(SHIFT * s, 0.0)),
    "shift down": lambda photo, s: _moved(photo, shift=(0.0, SHIFT * s)),
    "turn": lambda photo, s: _moved(photo, angle=TURN * s),
    "sharpness": lambda photo, s: functional.adjust_sharpness(photo, 1 + SHARPER * s),
    "posterize": lambda photo, s: functional.posterize(photo, 8 - round((8 - FEWEST_BITS) * abs(s))),
    "solarize": lambda photo, s: functional.solarize(photo, 255 * (1 - abs(s))),
    "auto contrast": lambda photo, s: functional.autocontrast(photo),
    "equalize": lambda photo, s: functional.equalize(photo),
}


def apply_trivial_augment(images: Tensor, kind: np.ndarray, strength: np.ndarray) -> Tensor:
    """Images float [images, 3, side, side] from 0 to 255, some of them changed, in place.

    kind: [images], a place in CHANGES, or -1 to leave a photo as it is. strength: [images], -1 to 1.
    """
    changes = tuple(CHANGES.values())
    for number in np.flatnonzero(kind >= 0):
        photo = images[number].round().to(torch.uint8)
        images[number] = changes[kind[number]](photo, float(strength[number]))
    return images
