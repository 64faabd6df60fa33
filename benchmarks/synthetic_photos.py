"""Synthetic photos from a seed, with about as much detail as a camera's."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 533, 400
DETAIL = 0.5  # how fast the noise fades towards the fine: JPEGs come out as large as a camera's of this size


def make_photos(
    folder: Path, images: int, classes: int = 5, width: int = WIDTH, height: int = HEIGHT, seed: int = 0
) -> Path:
    """`images` JPEGs in class folders below `folder`; gives the folder back."""
    for label in range(classes):
        (folder / f"class {label + 1}").mkdir(parents=True, exist_ok=True)

    def make(number: int) -> None:
        label = number % classes
        pixels = draw_pixels(np.random.default_rng((seed, number)), label / classes, width, height)
        Image.fromarray(pixels).save(folder / f"class {label + 1}" / f"{number:06}.jpg", quality=88)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, range(images)))
    return folder


def draw_pixels(rng: np.random.Generator, hue: float, width: int, height: int) -> np.ndarray:
    """uint8 [height, width, 3]: noise of every size, the coarser the stronger, as in pictures of nature; the mean
    colour says the class.
    """
    total = np.zeros((height, width, 3), np.float32)
    longer, side = max(width, height), 4
    while side <= longer:
        patch = rng.integers(0, 256, (-(-height * side // longer), side, 3), dtype=np.uint8)
        enlarged = Image.fromarray(patch).resize((width, height), Image.Resampling.BILINEAR)
        total += (np.asarray(enlarged, np.float32) - 128) * side**-DETAIL
        side *= 2
    angle = 2 * np.pi * (hue + np.arange(3, dtype=np.float32) / 3)
    return (128 + 40 * np.cos(angle) + 2 * total).clip(0, 255).astype(np.uint8)
