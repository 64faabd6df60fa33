"""A leaf as a photo: drawn three times too large, scaled down, coloured, lit, and laid on a ground with its shadow."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.datasets.samples.curves import ribbons
from core.datasets.samples.pose import Pose, draw_pose
from core.datasets.samples.species import BRANCH, SPECIES, TWIG, Leaf, Random
from core.datasets.samples.textures import GROUNDS, VARIANTS, colour, cut, field, ground, lit, mix

SIZE = 224
_OVER = 3  # supersampling: edges get ten levels of grey, and veins may be a third of a pixel wide

# How much of the picture a leaf fills, and how strongly it may bend (radians).
FILL = {"birch": (0.68, 0.95), "ginkgo": (0.66, 0.92), "maple": (0.7, 0.98), "oak": (0.7, 0.98), "willow": (0.8, 1.05)}
BEND = {"birch": 0.35, "ginkgo": 0.25, "maple": 0.2, "oak": 0.5, "willow": 1.1}

# How deep the veins lie: where they are many, the bulges between them are small.
_RELIEF = {"birch": 1.0, "ginkgo": 0.4, "maple": 1.0, "oak": 1.0, "willow": 0.6}
_DEAD = colour(0.30, 0.18, 0.10), colour(0.16, 0.11, 0.08), colour(0.52, 0.38, 0.24)

# Colour of the blade's inside, of its rim, and of the veins, by season. Every species turns every colour: shape and
# veins must tell them apart, not the month.
_SEASONS = (
    ((0.27, 0.39, 0.16), (0.34, 0.46, 0.19), (0.56, 0.64, 0.38)),
    ((0.18, 0.30, 0.15), (0.23, 0.35, 0.18), (0.42, 0.51, 0.32)),
    ((0.43, 0.54, 0.20), (0.50, 0.58, 0.24), (0.69, 0.74, 0.45)),
    ((0.47, 0.55, 0.16), (0.79, 0.66, 0.15), (0.75, 0.74, 0.42)),
    ((0.86, 0.70, 0.16), (0.88, 0.63, 0.14), (0.93, 0.83, 0.47)),
    ((0.83, 0.52, 0.13), (0.72, 0.30, 0.10), (0.92, 0.71, 0.36)),
    ((0.66, 0.24, 0.10), (0.50, 0.13, 0.10), (0.80, 0.48, 0.28)),
    ((0.50, 0.34, 0.18), (0.40, 0.25, 0.14), (0.64, 0.48, 0.30)),
)
_LIKELY = np.array([0.22, 0.14, 0.13, 0.13, 0.13, 0.10, 0.08, 0.07])


@dataclass(frozen=True)
class Drawing:
    """A posed leaf's parts, float32 [SIZE, SIZE], 1 where they are; edges lie in between."""

    blade: np.ndarray
    right_half: np.ndarray
    veins: np.ndarray
    twigs: np.ndarray
    stalk: np.ndarray


def paint(species: str, spotted: bool, rng: Random) -> Image.Image:
    """One photo of SIZE x SIZE pixels; the same for the same state of `rng`."""
    leaf = SPECIES[species](rng)
    pose = draw_pose(rng, leaf, SIZE, FILL[species], BEND[species])
    drawing = draw(leaf, pose)
    light = _direction(rng)
    whole = np.maximum(drawing.blade, drawing.stalk)
    blade = _blade(rng, drawing, light, _RELIEF[species])
    if spotted:
        blade = _with_spots(rng, blade, drawing.blade)
    picture = _exposed(rng, mix(_shaded_ground(rng, whole, light), blade, whole))
    return Image.fromarray(np.ascontiguousarray((picture * 255).astype(np.uint8).transpose(1, 2, 0)))


def draw(leaf: Leaf, pose: Pose) -> Drawing:
    posed = pose.place(ribbons(leaf.veins, leaf.widths))
    half = np.concatenate([leaf.right, [[0, 0.97], [0, 0]]])
    stalk = ribbons(leaf.stalk[None], np.array([[0.02, 0.027]]))
    blade = cover([pose.place(leaf.outline)])
    return Drawing(
        blade,
        cover([pose.place(half)]),
        cover(posed[leaf.orders <= BRANCH]) * blade,
        cover(posed[leaf.orders == TWIG]) * blade,
        cover(pose.place(stalk)),
    )


def cover(polygons: Iterable[np.ndarray]) -> np.ndarray:
    """Polygons [points, 2] in pixels, filled: float32 [SIZE, SIZE], 1 inside."""
    canvas = Image.new("L", (_OVER * SIZE, _OVER * SIZE))
    brush = ImageDraw.Draw(canvas)
    for polygon in polygons:
        brush.polygon((_OVER * polygon).ravel().tolist(), fill=255)
    return from_image(canvas.reduce(_OVER))


def blur(field: np.ndarray, radius: float) -> np.ndarray:
    """A field from 0 to 1, blurred; widely where it may be coarse, which is several times as fast."""
    image = Image.fromarray((field * 255).astype(np.uint8))
    coarse = 1 if radius < 2 else 2 if radius < 4 else 4
    small = image.reduce(coarse).filter(ImageFilter.GaussianBlur(radius / coarse))
    return from_image(small.resize(image.size, Image.Resampling.BILINEAR))


def from_image(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.float32) * np.float32(1 / 255)


def number(rng: Random, low: float, high: float) -> float:
    return float(rng.uniform(low, high))  # a Python number keeps float32 arithmetic float32, NumPy's would not


def _tint(rng: Random, spread: float) -> np.ndarray:
    return colour(*rng.normal(1, spread, 3))


def _noise(rng: Random, slope_times_ten: int) -> np.ndarray:
    return cut(rng, field(slope_times_ten, int(rng.integers(VARIANTS))), SIZE)


def _direction(rng: Random) -> tuple[float, float]:
    """Where light comes from, (x, y) of length 1: mostly from the top left, as people expect it."""
    angle = np.radians(225) + rng.normal(0, 0.6)
    return float(np.cos(angle)), float(np.sin(angle))


def _blade(rng: Random, drawing: Drawing, light: tuple[float, float], relief: float) -> np.ndarray:
    """Colour of the leaf wherever it is, float32 [3, SIZE, SIZE]."""
    season = _SEASONS[rng.choice(len(_SEASONS), p=_LIKELY)]
    strength = number(rng, 0.88, 1.12)
    inside, rim, vein = (colour(*part) * strength for part in season)
    inside, rim = inside * _tint(rng, 0.06), rim * _tint(rng, 0.06)
    near_vein, depth = blur(drawing.veins, 5), blur(drawing.blade, 14)
    cloud, grain = _noise(rng, 22), _noise(rng, 8)

    # Autumn begins at the rim, and last of all along the veins.
    turned = number(rng, 0.5, 2.2) * (1 - depth) + number(rng, 0, 0.35) * cloud - 1.2 * near_vein
    painted = mix(inside, rim, turned + number(rng, -0.2, 0.3))
    lines = number(rng, 0.55, 0.9) * drawing.veins + number(rng, 0.15, 0.4) * drawing.twigs
    painted = mix(painted, vein, lines) * (1 + 0.03 * grain + 0.05 * cloud)

    # The blade bulges between the veins and sinks towards its rim; a fold makes one half lie in the light.
    height = 3.5 * blur(drawing.blade, 4) - relief * (9 * blur(drawing.veins, 2.2) + 0.5 * drawing.twigs)
    low = 0.55 * number(rng, 0.5, 1.1)
    shade = lit(height + 0.8 * cloud, (-low * light[0], -low * light[1]))
    fold = float(rng.normal(0, 0.10))
    shade = np.clip(shade, 0.55, 1.6) * (1 - fold + 2 * fold * drawing.right_half)
    gloss = number(rng, 0, 0.22) * np.clip(shade - 1.08, 0, 0.6)
    painted = painted * shade + gloss
    return mix(painted, vein * number(rng, 0.5, 0.9), drawing.stalk * (1 - drawing.blade))


def _with_spots(rng: Random, blade: np.ndarray, where: np.ndarray) -> np.ndarray:
    """A fungus: dead brown spots, a dark rim around each, and around that a yellow yard."""
    spots, reach = draw_spots(rng, where)
    core = cover(spots) * where
    yard = np.clip(2.2 * blur(core, 2 + 0.5 * reach), 0, 1) * where
    near = blur(core, 1.3)
    dead = _DEAD[rng.integers(len(_DEAD))]
    blade = mix(blade, blade * 0.5 + colour(0.40, 0.33, 0.08), number(rng, 0.25, 0.8) * yard)
    blade = mix(blade, dead * 0.55, number(rng, 0.4, 0.9) * np.clip(3 * (near - 0.25), 0, 1))
    return mix(blade, dead * number(rng, 0.9, 1.3), number(rng, 0.6, 0.95) * np.clip(3 * (near - 0.55), 0, 1))


def draw_spots(rng: Random, where: np.ndarray) -> tuple[np.ndarray, float]:
    """Outlines [spots, points, 2] in pixels of 7 to 23 spots on the blade `where`, and their usual radius."""
    ys, xs = np.nonzero(where > 0.9)
    count = int(rng.integers(7, 24))
    reach = float(np.sqrt(len(xs))) * number(rng, 0.030, 0.062)
    chosen = rng.integers(0, len(xs), count)
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    radius = np.maximum(1.3, reach * rng.lognormal(0, 0.45, (count, 1))) * rng.normal(1, 0.13, (count, 14))
    return np.stack([xs, ys], axis=1)[chosen][:, None] + radius[..., None] * circle, reach


def _shaded_ground(rng: Random, leaf: np.ndarray, light: tuple[float, float]) -> np.ndarray:
    whole = ground(int(rng.integers(len(GROUNDS))), int(rng.integers(VARIANTS)))
    picture = cut(rng, whole, SIZE) * (_tint(rng, 0.05) * number(rng, 0.75, 1.15))
    lift = number(rng, 2, 9)
    shift = round(-light[1] * lift), round(-light[0] * lift)
    cast = np.roll(blur(leaf, 1 + 0.55 * lift), shift, axis=(0, 1))
    return picture * ((1 - number(rng, 0.35, 0.65) * cast) * (1 - 0.3 * blur(leaf, 2)))


def _exposed(rng: Random, picture: np.ndarray) -> np.ndarray:
    """What the camera and the weather add: light that falls off, at times shade of a tree, a tint, noise."""
    across = np.linspace(-1, 1, SIZE, dtype=np.float32)
    x, y = across[None], across[:, None]
    tilt_x, tilt_y = rng.normal(0, 0.10, 2).tolist()
    brightness = 1 + tilt_x * x + tilt_y * y - number(rng, 0, 0.16) * (x**2 + y**2)
    if rng.random() < 0.25:
        brightness *= 1 - number(rng, 0.25, 0.5) * np.clip(0.5 + 1.4 * _noise(rng, 26), 0, 1)
    picture = picture * brightness * (_tint(rng, 0.025) * number(rng, 0.9, 1.12))
    picture += number(rng, 0.004, 0.018) * _noise(rng, 0)
    return np.clip(picture, 0, 1)
