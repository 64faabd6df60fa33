"""One random operation of random strength per photo: Müller and Hutter, "TrivialAugment", ICCV 2021, with those of the
operations and ranges of Cubuk et al., "RandAugment", NeurIPS 2020, that no other setting of the augmentation has.

All photos that get the same operation are changed at once: a graphics card is kept busy by few operations on many
photos, not by many on one each.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2 import functional

# uint8 [photos, 3, side, side], strengths [photos, 1, 1, 1] from -1 to 1 -> the changed photos, from 0 to 255
Operation = Callable[[Tensor, Tensor], Tensor]

SHEAR_DEGREES = 17.0  # degrees at full strength
TRANSLATION = 0.3  # of the photo's side
ROTATION_DEGREES = 30.0
SHARPNESS = 0.9  # blurred by so much, or sharpened
FEWEST_BITS = 4  # of 8, that posterizing leaves
GREY = 128.0  # beyond the edge of a photo that was moved

_MOVES = ("shear across", "shear down", "shift across", "shift down", "turn")


def _sharpness(photos: Tensor, strength: Tensor) -> Tensor:
    blurred = functional.adjust_sharpness(photos, 0.0).float()
    return (photos - SHARPNESS * strength * (blurred - photos)).clamp(0, 255).floor()


def _posterize(photos: Tensor, strength: Tensor) -> Tensor:
    lost_bits = ((8 - FEWEST_BITS) * strength.abs()).round()
    return photos & (256 - 2**lost_bits).to(torch.uint8)


def _solarize(photos: Tensor, strength: Tensor) -> Tensor:
    return torch.where(photos >= 255 * (1 - strength.abs()), 255 - photos, photos)


_COLOURS: dict[str, Operation] = {
    "sharpness": _sharpness,
    "posterize": _posterize,
    "solarize": _solarize,
    "auto contrast": lambda photos, strength: functional.autocontrast(photos),
    "equalize": lambda photos, strength: functional.equalize(photos),
}
OPERATIONS = (*_MOVES, *_COLOURS)


def apply_trivial_augment(images: Tensor, kind: np.ndarray, strength: np.ndarray) -> Tensor:
    """Apply an operation to some of the images float [images, 3, side, side] from 0 to 255, in place.

    kind: [images], index of the operation, -1 for none. strength: [images], -1 to 1.
    """
    moved = np.flatnonzero((kind >= 0) & (kind < len(_MOVES)))
    if len(moved):
        where = torch.from_numpy(moved).to(images.device)
        images[where] = _move(images[where].round(), kind[moved], strength[moved])
    for number, operation in enumerate(_COLOURS.values(), start=len(_MOVES)):
        chosen = np.flatnonzero(kind == number)
        if len(chosen):
            where = torch.from_numpy(chosen).to(images.device)
            strengths = torch.from_numpy(strength[chosen].astype(np.float32)).to(images.device).view(-1, 1, 1, 1)
            images[where] = operation(images[where].round().to(torch.uint8), strengths).to(images.dtype)
    return images


def _move(photos: Tensor, kind: np.ndarray, strength: np.ndarray) -> Tensor:
    """Shear, shift or turn each photo about its middle, in one bilinear sampling; whole numbers as in a photo."""
    shear_x, shear_y, shift_x, shift_y, turn = (strength * (kind == number) for number in range(len(_MOVES)))
    angle, across, down = np.deg2rad([ROTATION_DEGREES * turn, SHEAR_DEGREES * shear_x, SHEAR_DEGREES * shear_y])
    # The inverse of: shear, then turn, then shift. It says where each place of the result comes from, from -1 to 1.
    cos, sin = np.cos(angle - down) / np.cos(down), np.sin(angle - down) / np.cos(down)
    matrix = np.array(
        [[np.cos(angle) - sin * np.tan(across), np.sin(angle) + cos * np.tan(across)], [-sin, cos]]
    ).transpose(2, 0, 1)
    side = photos.shape[-1]
    shift = 2 / side * np.rint(TRANSLATION * side * np.stack([shift_x, shift_y], axis=1))  # whole pixels blur nothing
    theta = np.concatenate([matrix, -(matrix @ shift[:, :, None])], axis=2).astype(np.float32)
    grid = affine_grid(torch.from_numpy(theta).to(photos.device), list(photos.shape), align_corners=False)
    return (grid_sample(photos - GREY, grid, padding_mode="zeros", align_corners=False) + GREY).round().clamp(0, 255)
