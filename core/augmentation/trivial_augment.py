"""One random operation of random strength per photo: Müller and Hutter, "TrivialAugment", ICCV 2021, with those of the
operations and ranges of Cubuk et al., "RandAugment", NeurIPS 2020, that no other setting of the augmentation has.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

Operation = Callable[[Tensor, float], Tensor]  # uint8 [3, side, side], strength from -1 to 1 -> uint8 [3, side, side]

SHEAR_DEGREES = 17.0  # degrees at full strength
TRANSLATION = 0.3  # of the photo's side
ROTATION_DEGREES = 30.0
SHARPNESS = 0.9  # blurred by so much, or sharpened
FEWEST_BITS = 4  # of 8, that posterizing leaves


def _affine(photo: Tensor, angle: float = 0.0, shift: tuple[float, float] = (0, 0), shear: tuple = (0, 0)) -> Tensor:
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


OPERATIONS: dict[str, Operation] = {
    "shear across": lambda photo, s: _affine(photo, shear=(SHEAR_DEGREES * s, 0.0)),
    "shear down": lambda photo, s: _affine(photo, shear=(0.0, SHEAR_DEGREES * s)),
    "shift across": lambda photo, s: _affine(photo, shift=(TRANSLATION * s, 0.0)),
    "shift down": lambda photo, s: _affine(photo, shift=(0.0, TRANSLATION * s)),
    "turn": lambda photo, s: _affine(photo, angle=ROTATION_DEGREES * s),
    "sharpness": lambda photo, s: functional.adjust_sharpness(photo, 1 + SHARPNESS * s),
    "posterize": lambda photo, s: functional.posterize(photo, 8 - round((8 - FEWEST_BITS) * abs(s))),
    "solarize": lambda photo, s: functional.solarize(photo, 255 * (1 - abs(s))),
    "auto contrast": lambda photo, s: functional.autocontrast(photo),
    "equalize": lambda photo, s: functional.equalize(photo),
}


def apply_trivial_augment(images: Tensor, kind: np.ndarray, strength: np.ndarray) -> Tensor:
    """Apply an operation to some of the images float [images, 3, side, side] from 0 to 255, in place.

    kind: [images], index of the operation, -1 for none. strength: [images], -1 to 1.
    """
    operations = tuple(OPERATIONS.values())
    for number in np.flatnonzero(kind >= 0):
        photo = images[number].round().to(torch.uint8)
        images[number] = operations[kind[number]](photo, float(strength[number]))
    return images
