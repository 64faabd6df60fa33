"""Augmentation of training photos: a whole batch at once, on the device that trains.

The parameters of a photo are a function of (seed, view, row): neither its batch nor earlier random numbers matter.
Order: geometry (one resampling), colour (one linear map), TrivialAugment, normalisation, erasing.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.augmentation.trivial_augment import OPERATIONS, apply_trivial_augment
from core.datasets import center_crop
from core.device import uniform
from core.plans import Augmentation

ASPECT_RATIOS = (3 / 4, 4 / 3)  # of a crop's sides, as in torchvision's RandomResizedCrop
GREY = (0.299, 0.587, 0.114)  # the luma of red, green and blue (ITU-R BT.601)
# Fractions of the picture's area; up to 0.4 in Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
ERASED_AREA = (0.02, 0.2)
_RANDOM_NUMBERS = 17  # per photo and view


@dataclass(frozen=True)
class AugmentationParameters:
    """What is done to each photo of a batch; every array is [images].

    x, y, width, height: centre and sides of the crop as fractions of the stored square. angle: radians. brightness,
    contrast, saturation: factors around 1. erase: [images, 4] left, top, right, bottom as fractions. kind, strength: as
    `apply_trivial_augment` takes them.
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
    augmentation: Augmentation, seed: int, epoch: int | np.ndarray, rows: np.ndarray, center_fraction: float
) -> AugmentationParameters:
    """Sample what is done to the photos `rows` in an epoch, or each in a view of its own.

    center_fraction: side of the evaluation crop in the stored square; it is the crop where cropping is off.
    """
    u = uniform(seed, epoch, rows, _RANDOM_NUMBERS).T
    width, height = _crop_sides(augmentation.crop, u[0], u[1], center_fraction)
    brightness, contrast, saturation = (1 + augmentation.colour * (2 * each - 1) for each in u[7:10])
    crops = augmentation.crop < 1
    return AugmentationParameters(
        x=0.5 + crops * (u[2] - 0.5) * (1 - width),
        y=0.5 + crops * (u[3] - 0.5) * (1 - height),
        width=width,
        height=height,
        flip=(u[4] < 0.5) & augmentation.flip,
        flip_vertical=(u[5] < 0.5) & augmentation.flip_vertical,
        angle=np.deg2rad(augmentation.rotate) * (2 * u[6] - 1),
        brightness=brightness,
        contrast=contrast,
        saturation=saturation,
        erase=_erased_boxes(augmentation.erase, u[10:14]),
        kind=np.where(u[14] < augmentation.trivial_augment, (u[15] * len(OPERATIONS)).astype(int), -1),
        strength=2 * u[16] - 1,
    )


def _crop_sides(
    smallest: float, area: np.ndarray, aspect: np.ndarray, center_fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    if smallest == 1:
        return np.full_like(area, center_fraction), np.full_like(area, center_fraction)
    side = np.sqrt(smallest + (1 - smallest) * area)
    aspect_root = np.exp(np.log(ASPECT_RATIOS[0]) + aspect * np.log(ASPECT_RATIOS[1] / ASPECT_RATIOS[0])) ** 0.5
    # A crop larger than the photo in one direction is cut to the photo.
    return np.minimum(side * aspect_root, 1), np.minimum(side / aspect_root, 1)


def _erased_boxes(probability: float, u: np.ndarray) -> np.ndarray:
    side = np.sqrt(ERASED_AREA[0] + (ERASED_AREA[1] - ERASED_AREA[0]) * u[1]) * (u[0] < probability)
    left, top = u[2] * (1 - side), u[3] * (1 - side)
    return np.stack([left, top, left + side, top + side], axis=1)


def augment(pixels: Tensor, augmentation: Augmentation, parameters: AugmentationParameters, size: int) -> Tensor:
    """Augment pixels uint8 [images, 3, side, side] to float [images, 3, size, size] from 0 to 255.

    Erasing comes after normalisation (`apply_erasing`), where 0 is the mean colour.
    """
    images = _transform_geometry(pixels, augmentation, parameters, size)
    images = _jitter_colour(images, parameters) if augmentation.colour > 0 else images
    return apply_trivial_augment(images, parameters.kind, parameters.strength)


def _transform_geometry(
    pixels: Tensor, augmentation: Augmentation, parameters: AugmentationParameters, size: int
) -> Tensor:
    if augmentation.rotate > 0:
        return _sample_affine(pixels, parameters, size)
    if augmentation.crop == 1:
        return _flip(center_crop(pixels, size).float(), parameters)
    if pixels.device.type == "cpu":
        return _crop_each(pixels, parameters, size)
    return _sample_affine(pixels, parameters, size)


def _sample_affine(pixels: Tensor, parameters: AugmentationParameters, size: int) -> Tensor:
    """Crop, flip and rotate in one bilinear sampling; beyond its edge the photo is mirrored."""
    flip_x, flip_y = np.where(parameters.flip, -1, 1), np.where(parameters.flip_vertical, -1, 1)
    cos, sin = np.cos(parameters.angle), np.sin(parameters.angle)
    theta = np.empty((len(pixels), 2, 3), np.float32)  # maps the crop's coordinates to the photo's, both from -1 to 1
    theta[:, 0] = np.stack(
        [cos * parameters.width * flip_x, -sin * parameters.height * flip_y, 2 * parameters.x - 1], axis=1
    )
    theta[:, 1] = np.stack(
        [sin * parameters.width * flip_x, cos * parameters.height * flip_y, 2 * parameters.y - 1], axis=1
    )
    matrices = torch.from_numpy(theta).to(pixels.device, non_blocking=True)
    grid = functional.affine_grid(matrices, [len(pixels), 3, size, size], align_corners=False)
    return functional.grid_sample(pixels.float(), grid, padding_mode="reflection", align_corners=False)


def _crop_each(pixels: Tensor, parameters: AugmentationParameters, size: int) -> Tensor:
    """Crop at whole pixels, resize in uint8, then flip: on a processor three times as fast as sampling the batch in
    floats. Threads of Python take photos of their own: torch resizes one photo on one core, and its own threads would
    wait for each other at every photo, since the work is so short.
    """
    side, stored = pixels.shape[-1], pixels.numpy()
    width, height = np.rint(parameters.width * side).astype(int), np.rint(parameters.height * side).astype(int)
    left = np.rint(parameters.x * side - width / 2).astype(int).clip(0, side - width)
    top = np.rint(parameters.y * side - height / 2).astype(int).clip(0, side - height)
    result = np.empty((len(stored), 3, size, size), np.float32)

    def crop_and_resize(numbers: np.ndarray) -> None:
        for n in numbers:
            crop = np.ascontiguousarray(stored[n, :, top[n] : top[n] + height[n], left[n] : left[n] + width[n]])
            resized = functional.interpolate(
                torch.from_numpy(crop)[None], (size, size), mode="bilinear", antialias=True
            )
            across, down = (-1 if parameters.flip[n] else 1), (-1 if parameters.flip_vertical[n] else 1)
            result[n] = resized[0].numpy()[:, ::down, ::across]

    threads = min(torch.get_num_threads(), len(stored))
    with ThreadPoolExecutor(threads, thread_name_prefix="augment") as pool:  # new threads have the priority of training
        list(pool.map(crop_and_resize, np.array_split(np.arange(len(stored)), threads)))
    return torch.from_numpy(result)


def _flip(images: Tensor, parameters: AugmentationParameters) -> Tensor:
    for flip, axis in ((parameters.flip, -1), (parameters.flip_vertical, -2)):
        if flip.any():
            mask = torch.from_numpy(flip).to(images.device).view(-1, 1, 1, 1)
            images = torch.where(mask, images.flip(axis), images)
    return images


def _jitter_colour(images: Tensor, parameters: AugmentationParameters) -> Tensor:
    """Change brightness b, contrast c and saturation s, in this order, each a blend, in place; all in one formula:

    s c b x + (1 - s) c b grey(x) + (1 - c) b mean(grey(x)), clamped to the range of a pixel.
    """
    b, c, s = (each.astype(np.float32) for each in (parameters.brightness, parameters.contrast, parameters.saturation))
    # One copy to the device, not one for each of them.
    factors = np.stack([s * c * b, (1 - s) * c * b, (1 - c) * b])
    of_image, of_grey, of_mean = torch.from_numpy(factors).to(images.device).view(3, -1, 1, 1, 1)
    # A batch is larger than a processor's caches, so each further pass over it, and each new tensor, takes as long.
    red, green, blue = images.split(1, dim=1)
    grey = (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])
    mean = grey.mean(dim=(-1, -2), keepdim=True)
    rest = grey.mul_(of_grey).add_(of_mean * mean)
    return torch.addcmul(rest, images, of_image, out=images).clamp_(0, 255)


def apply_erasing(images: Tensor, parameters: AugmentationParameters) -> Tensor:
    """Set the erased rectangle of each normalised image [images, 3, size, size] to 0, in place."""
    size = images.shape[-1]
    boxes = np.rint(parameters.erase * size).astype(np.int64)
    if not (boxes[:, 2] > boxes[:, 0]).any():
        return images
    left, top, right, bottom = torch.from_numpy(boxes.T[:, :, None].copy()).to(images.device)  # each [images, 1]
    places = torch.arange(size, device=images.device)
    across, down = (places >= left) & (places < right), (places >= top) & (places < bottom)
    return images.masked_fill_(down[:, None, :, None] & across[:, None, None, :], 0)


def preview_augmentation(pixels: Tensor, augmentation: Augmentation, seed: int, views: int) -> Tensor:
    """Augmented views for a preview, uint8 [images, views, 3, size, size], of stored uint8 [images, 3, side, side]."""
    side = pixels.shape[-1]
    size = side * 100 // 115  # the inverse of core.datasets' store_side
    rows = np.arange(len(pixels))
    previews = []
    for view in range(views):
        parameters = sample_parameters(augmentation, seed, view, rows, size / side)
        images = apply_erasing(augment(pixels, augmentation, parameters, size) - 128, parameters) + 128
        previews.append(images.round().clamp(0, 255).to(torch.uint8))
    return torch.stack(previews, dim=1)
