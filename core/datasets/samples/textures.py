"""Grounds for leaves to lie on: paper, linen, wood, stone, soil and moss, each drawn once and then cut from.

Pictures are float32 [3, side, side] from 0 to 1 (channels first: NumPy multiplies them by a field several times as
fast), colours float32 [3, 1, 1]; fields of noise are float32 [side, side] with mean 0 and deviation 1.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.datasets.samples.species import Random

SIDE = 384
VARIANTS = 3


def noise(rng: Random, slope: float, side: int = SIDE, stretch: float = 1.0) -> np.ndarray:
    """A field whose power falls with frequency to the `slope`: 0 is sand, 2 clouds; tiles without a seam.

    stretch: how many times longer its grains are from left to right than from top to bottom.
    """
    up, right = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None] * stretch
    spectrum = np.fft.rfft2(rng.standard_normal((side, side), dtype=np.float32))
    field = np.fft.irfft2(spectrum * (up**2 + right**2 + side**-2.0) ** (-slope / 2), s=(side, side))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def lit(height: np.ndarray, light: tuple[float, float]) -> np.ndarray:
    """How bright a relief is under light from a direction (x, y): around 1."""
    slope_y, slope_x = np.gradient(height)
    return 1 - (slope_x * light[0] + slope_y * light[1])


def colour(*rgb: float) -> np.ndarray:
    return np.array(rgb, dtype=np.float32).reshape(3, 1, 1)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Colours or pictures mixed pixel by pixel; share [side, side]: 0 is all the first, 1 all the second."""
    mixed = (second - first) * np.clip(share, 0, 1)
    mixed += first
    return mixed


_PAPERS = colour(0.94, 0.92, 0.86), colour(0.90, 0.86, 0.77), colour(0.86, 0.88, 0.90)
_LINENS = colour(0.72, 0.68, 0.58), colour(0.45, 0.52, 0.58), colour(0.60, 0.45, 0.40)
_STONES = colour(0.55, 0.55, 0.54), colour(0.62, 0.59, 0.53), colour(0.40, 0.43, 0.47)
_WOODS = (
    (colour(0.52, 0.34, 0.19), colour(0.80, 0.63, 0.43)),
    (colour(0.36, 0.30, 0.25), colour(0.62, 0.55, 0.47)),
    (colour(0.27, 0.16, 0.10), colour(0.55, 0.36, 0.23)),
)


def paper(rng: Random, variant: int) -> np.ndarray:
    shade = 1 + 0.010 * noise(rng, 0.4) + 0.018 * noise(rng, 1.6)
    fibres = 1 - 0.03 * _strokes(rng, 160, (10, 40), 1, bend=0.5)
    return _PAPERS[variant] * (shade * fibres)


def linen(rng: Random, variant: int) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    period = rng.choice([4.0, 5.0, 6.0])
    wobble = 0.8 * noise(rng, 1.8)
    warp, weft = np.sin(2 * np.pi * (x / period) + wobble), np.sin(2 * np.pi * (y / period) + wobble.T)
    over = (np.floor(x / period) + np.floor(y / period)) % 2
    shade = 0.90 + 0.09 * np.where(over > 0, warp, weft) + 0.035 * noise(rng, 0.6, stretch=5) + 0.03 * noise(rng, 1.5)
    return _LINENS[variant] * shade


def wood(rng: Random, variant: int) -> np.ndarray:
    """Planks side by side, the grain along them."""
    y = np.mgrid[:SIDE, :SIDE][0].astype(np.float32)
    planks = int(rng.integers(2, 5))
    plank = np.floor(y / SIDE * planks).astype(int)
    tone, shift = rng.normal(0, 0.13, planks)[plank], rng.uniform(0, 200, planks)[plank]
    rings = np.sin((y + shift) / rng.uniform(4, 9) + 3.5 * noise(rng, 2.0, stretch=9) + 0.02 * shift)
    grain = 0.5 + 0.22 * rings + 0.16 * noise(rng, 0.7, stretch=22) + 0.10 * noise(rng, 1.8, stretch=4) + tone
    gap = np.minimum(y % (SIDE / planks), SIDE / planks - y % (SIDE / planks))
    return mix(*_WOODS[variant], grain) * (0.25 + 0.75 * np.clip(gap / 2.2, 0, 1))


def stone(rng: Random, variant: int) -> np.ndarray:
    height = 1.6 * noise(rng, 1.7) + 0.35 * noise(rng, 0.8)
    picture = _STONES[variant] * (lit(height, (0.45, 0.6)) * (1 + 0.10 * noise(rng, 2.0)))
    specks = noise(rng, 0.15)
    picture = mix(picture, colour(0.85, 0.85, 0.85), 0.35 * (specks > 2.0))
    return mix(picture, colour(0.12, 0.12, 0.12), 0.45 * (specks < -2.0))


def soil(rng: Random, variant: int) -> np.ndarray:
    """Crumbs at three sizes under low light, pebbles and bits of straw among them."""
    height = 2.4 * np.abs(noise(rng, 1.5)) + 1.1 * np.abs(noise(rng, 0.9)) + 0.3 * noise(rng, 0.2)
    base = mix(colour(0.20, 0.14, 0.09), colour(0.43, 0.32, 0.22), 0.5 + 0.25 * noise(rng, 1.3))
    picture = base * np.clip(lit(height, (0.30, 0.42)), 0.25, 1.9)
    pebbles, shade = _pebbles(rng, 6 + 8 * variant)
    picture = mix(picture, colour(0.55, 0.51, 0.46) * shade, pebbles)
    return mix(picture, colour(0.66, 0.56, 0.37), 0.8 * _strokes(rng, 12, (20, 60), 3, bend=0.3))


def moss(rng: Random, variant: int) -> np.ndarray:
    """A cushion of short blades, darker in the depth."""
    depth = noise(rng, 1.6)
    picture = mix(colour(0.10, 0.16, 0.05), colour(0.30, 0.38, 0.13), 0.5 + 0.25 * depth)
    layers = ((colour(0.22, 0.33, 0.09), 900), (colour(0.40, 0.50, 0.17), 700), (colour(0.55, 0.60, 0.25), 100))
    for blade, count in layers:
        strewn = _strokes(rng, count * (3 + variant) // 3, (8, 18), 3, bend=0.6)
        picture = mix(picture, blade * (1 + 0.12 * depth), strewn)
    return picture


def _strokes(rng: Random, count: int, lengths: tuple[int, int], width: int, bend: float) -> np.ndarray:
    """Short bent strokes strewn over the field; 1 on them."""
    canvas = Image.new("L", (2 * SIDE, 2 * SIDE))
    draw = ImageDraw.Draw(canvas)
    start = rng.uniform(0, 2 * SIDE, (count, 2))
    angle, turn = rng.uniform(0, 2 * np.pi, count), rng.normal(0, bend, count)
    length = 2 * rng.uniform(*lengths, count)
    for part in range(3):
        end = start + np.stack([np.cos(angle), np.sin(angle)], axis=1) * (length / 3)[:, None]
        for line in np.concatenate([start, end], axis=1).tolist():
            draw.line(line, fill=255, width=width - (part == 2 and width > 1))
        start, angle = end, angle + turn
    return np.asarray(canvas.reduce(2), dtype=np.float32) / 255


def _pebbles(rng: Random, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where pebbles lie (1), and how they are shaded."""
    canvas = Image.new("L", (2 * SIDE, 2 * SIDE))
    draw = ImageDraw.Draw(canvas)
    for x, y, wide, flat in zip(*rng.uniform(0, 2 * SIDE, (2, count)), *rng.uniform(6, 22, (2, count)), strict=True):
        draw.ellipse((x - wide, y - flat, x + wide, y + flat), fill=255)
    cover = canvas.reduce(2)
    height = np.asarray(cover.filter(ImageFilter.GaussianBlur(4)), dtype=np.float32) / 255
    shade = np.clip(lit(6 * height + 0.15 * noise(rng, 1.0), (0.6, 0.8)), 0.3, 1.5)
    return np.asarray(cover, dtype=np.float32) / 255, shade


GROUNDS: tuple[Callable[[Random, int], np.ndarray], ...] = (paper, linen, wood, stone, soil, moss)


@lru_cache(maxsize=len(GROUNDS) * VARIANTS)
def ground(kind: int, variant: int) -> np.ndarray:
    """One of the grounds, drawn once per process: float32 [3, SIDE, SIDE]."""
    rng = np.random.default_rng([kind, variant])
    return np.clip(GROUNDS[kind](rng, variant), 0, 1).astype(np.float32)


@lru_cache(maxsize=12)
def field(slope_times_ten: int, variant: int) -> np.ndarray:
    """One of a few fields of noise, drawn once per process."""
    return noise(np.random.default_rng([slope_times_ten, variant]), slope_times_ten / 10)


def cut(rng: Random, whole: np.ndarray, size: int) -> np.ndarray:
    """A square of `size` pixels from anywhere in a picture or field, turned or mirrored at random."""
    top, left = rng.integers(0, whole.shape[-1] - size + 1, 2)
    part = whole[..., top : top + size, left : left + size]
    part = part[..., :: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.ascontiguousarray(part.swapaxes(-1, -2) if rng.integers(2) else part)
