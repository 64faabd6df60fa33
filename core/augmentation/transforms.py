"""Photos changed a little each time they are learned from: a whole batch at once, on the device that trains.

Every photo has its own changes, drawn from (seed, epoch, row): neither the batch it is in nor what was drawn before
matters. Order: geometry (one resampling), colour (one linear map), a strong change, normalisation, erasing.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.augmentation.trivial_augment import CHANGES, apply_trivial_augment
from core.device import uniform
from core.plans import Augmentation

ASPECT_RATIOS = (3 / 4, 4 / 3)  # of a crop's sides, as in torchvision's RandomResizedCrop
GREY = (0.299, 0.587, 0.114)  # the luma of red, green and blue (ITU-R BT.601)
ERASED_AREA = (
    0.02,
    0.2,
)  # share of the picture's area; Zhong et al., "Random Erasing Data Augmentation", AAAI 2020, to 0.4
_DRAWS = 17


@dataclass(frozen=True)
class AugmentationParameters:
    """One batch's changes; every array is [images].

    x, y, width, height: of the crop's centre and sides, as shares of the stored square. angle: radians.
    brightness, contrast, saturation: factors around 1. erase: [images, 4] left, top, right, bottom as shares. kind,
    strength: of a strong change, as `apply_trivial_augment` takes them.
    """

    x: np.ndarray
    y: np.ndarray
    width: np.ndarray
    height: np.ndarray
    flip: np.ndarray
    flip_vertical: np.ndarray
    angle: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray
    saturation: np.ndarray
    erase: np.ndarray
    kind: np.ndarray
    strength: np.ndarray


def sample_parameters(
    changes: Augmentation, seed: int, epoch: int | np.ndarray, rows: np.ndarray, centre_share: float
) -> AugmentationParameters:
    """What happens to each of the photos `rows` in this epoch, or in an epoch of its own. centre_share: side of the
    evaluation crop in the stored square, which stays the crop when cropping is off.
    """
    u = uniform(seed, epoch, rows, _DRAWS).T
    width, height = _crop_sides(changes.crop, u[0], u[1], centre_share)
    colour = [1 + changes.colour * (2 * each - 1) for each in u[7:10]]
    room = changes.crop < 1
    return AugmentationParameters(
        x=0.5 + room * (u[2] - 0.5) * (1 - width),
        y=0.5 + room * (u[3] - 0.5) * (1 - height),
        width=width,
        height=height,
        flip=(u[4] < 0.5) & changes.flip,
        flip_vertical=(u[5] < 0.5) & changes.flip_vertical,
        angle=np.deg2rad(changes.rotate) * (2 * u[6] - 1),
        brightness=colour[0],
        contrast=colour[1],
        saturation=colour[2],
        erase=_erased(changes.erase, u[10:14]),
        kind=np.where(u[14] < changes.trivial_augment, (u[15] * len(CHANGES)).astype(int), -1),
        strength=2 * u[16] - 1,
    )


def _crop_sides(
    least: float, area: np.ndarray, aspect: np.ndarray, centre_share: float
) -> tuple[np.ndarray, np.ndarray]:
    if least == 1:
        return np.full_like(area, centre_share), np.full_like(area, centre_share)
    side = np.sqrt(least + (1 - least) * area)
    stretch = np.exp(np.log(ASPECT_RATIOS[0]) + aspect * np.log(ASPECT_RATIOS[1] / ASPECT_RATIOS[0])) ** 0.5
    # A crop larger than the photo in one direction is only as large as the photo there.
    return np.minimum(side * stretch, 1), np.minimum(side / stretch, 1)


def _erased(chance: float, u: np.ndarray) -> np.ndarray:
    side = np.sqrt(ERASED_AREA[0] + (ERASED_AREA[1] - ERASED_AREA[0]) * u[1]) * (u[0] < chance)
    left, top = u[2] * (1 - side), u[3] * (1 - side)
    return np.stack([left, top, left + side, top + side], axis=1)


def centre(pixels: Tensor, size: int) -> Tensor:
    """The middle [..., size, size] of the stored square: what evaluation and prediction look at."""
    at = (pixels.shape[-1] - size) // 2
    return pixels[..., at : at + size, at : at + size]


def augment(pixels: Tensor, changes: Augmentation, drawn: AugmentationParameters, size: int) -> Tensor:
    """Pixels uint8 [images, 3, side, side] as float [images, 3, size, size] in 0 to 255, changed as drawn.

    Erasing is not in it: it comes after normalisation (`apply_erasing`), where 0 is the mean colour.
    """
    images = _geometry(pixels, changes, drawn, size)
    coloured = _colour(images, drawn) if changes.colour > 0 else images
    return apply_trivial_augment(coloured, drawn.kind, drawn.strength)


def _geometry(pixels: Tensor, changes: Augmentation, drawn: AugmentationParameters, size: int) -> Tensor:
    if changes.rotate > 0:
        return _affine(pixels, drawn, size)
    if changes.crop == 1:
        return _flipped(centre(pixels, size).float(), drawn)
    if pixels.device.type == "cpu":
        return _cropped_one_by_one(pixels, drawn, size)
    return _affine(pixels, drawn, size)


def _affine(pixels: Tensor, drawn: AugmentationParameters, size: int) -> Tensor:
    """Crop, flip and rotation as one bilinear sampling; beyond the photo's edge it is mirrored."""
    flip_x, flip_y = np.where(drawn.flip, -1, 1), np.where(drawn.flip_vertical, -1, 1)
    cos, sin = np.cos(drawn.angle), np.sin(drawn.angle)
    theta = np.empty((len(pixels), 2, 3), np.float32)  # from the crop's to the photo's coordinates, both -1 to 1
    theta[:, 0] = np.stack([cos * drawn.width * flip_x, -sin * drawn.height * flip_y, 2 * drawn.x - 1], axis=1)
    theta[:, 1] = np.stack([sin * drawn.width * flip_x, cos * drawn.height * flip_y, 2 * drawn.y - 1], axis=1)
    places = torch.from_numpy(theta).to(pixels.device, non_blocking=True)
    grid = functional.affine_grid(places, [len(pixels), 3, size, size], align_corners=False)
    return functional.grid_sample(pixels.float(), grid, padding_mode="reflection", align_corners=False)


def _cropped_one_by_one(pixels: Tensor, drawn: AugmentationParameters, size: int) -> Tensor:
    """Crops at whole pixels, resized in uint8, then flipped: on a processor three times as fast as sampling the batch
    in floats. By threads of Python, each with photos of its own: torch resizes one photo on one core, and its own
    threads, sharing out work as short as this, would wait for each other at every photo.
    """
    side, stored = pixels.shape[-1], pixels.numpy()
    width, height = np.rint(drawn.width * side).astype(int), np.rint(drawn.height * side).astype(int)
    left = np.rint(drawn.x * side - width / 2).astype(int).clip(0, side - width)
    top = np.rint(drawn.y * side - height / 2).astype(int).clip(0, side - height)
    made = np.empty((len(stored), 3, size, size), np.float32)

    def make(numbers: np.ndarray) -> None:
        for n in numbers:
            crop = np.ascontiguousarray(stored[n, :, top[n] : top[n] + height[n], left[n] : left[n] + width[n]])
            resized = functional.interpolate(
                torch.from_numpy(crop)[None], (size, size), mode="bilinear", antialias=True
            )
            across, down = (-1 if drawn.flip[n] else 1), (-1 if drawn.flip_vertical[n] else 1)
            made[n] = resized[0].numpy()[:, ::down, ::across]

    threads = min(torch.get_num_threads(), len(stored))
    with ThreadPoolExecutor(threads, thread_name_prefix="augment") as pool:  # made anew: with the priority of training
        list(pool.map(make, np.array_split(np.arange(len(stored)), threads)))
    return torch.from_numpy(made)


def _flipped(images: Tensor, drawn: AugmentationParameters) -> Tensor:
    for flips, axis in ((drawn.flip, -1), (drawn.flip_vertical, -2)):
        if flips.any():
            which = torch.from_numpy(flips).to(images.device).view(-1, 1, 1, 1)
            images = torch.where(which, images.flip(axis), images)
    return images


def _colour(images: Tensor, drawn: AugmentationParameters) -> Tensor:
    """Brightness b, contrast c, saturation s, in this order, each a blend, put together, in place:

    s c b x + (1 - s) c b grey(x) + (1 - c) b mean(grey(x)), cut to what a pixel can be.
    """
    b, c, s = (
        torch.from_numpy(each.astype(np.float32)).to(images.device).view(-1, 1, 1, 1)
        for each in (drawn.brightness, drawn.contrast, drawn.saturation)
    )
    # A batch is larger than a processor's caches, so each further pass over it, and each new tensor, takes as long.
    red, green, blue = images.split(1, dim=1)
    grey = (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])
    mean = grey.mean(dim=(-1, -2), keepdim=True)
    rest = grey.mul_((1 - s) * c * b).add_((1 - c) * b * mean)
    return torch.addcmul(rest, images, s * c * b, out=images).clamp_(0, 255)


def apply_erasing(images: Tensor, drawn: AugmentationParameters) -> Tensor:
    """Normalised images with their drawn rectangle at 0, in place."""
    size = images.shape[-1]
    left, top, right, bottom = np.rint(drawn.erase * size).astype(int).T
    for number in np.flatnonzero(right > left):
        images[number, :, top[number] : bottom[number], left[number] : right[number]] = 0
    return images


def preview_augmentation(pixels: Tensor, changes: Augmentation, seed: int, views: int) -> Tensor:
    """How photos may look in training: uint8 [images, views, 3, size, size] of stored uint8 [images, 3, side, side]."""
    side = pixels.shape[-1]
    size = side * 100 // 115  # the inverse of core.datasets' store_side
    rows = np.arange(len(pixels))
    shown = []
    for view in range(views):
        drawn = sample_parameters(changes, seed, view, rows, size / side)
        images = apply_erasing(augment(pixels, changes, drawn, size) - 128, drawn) + 128
        shown.append(images.round().clamp(0, 255).to(torch.uint8))
    return torch.stack(shown, dim=1)
