"""Leaves as ink drawings on old paper: outline, veins, hatching along the veins, a cast shadow.

Another domain for the same classes: what a network learned from photos meets shapes without colour, light or ground.
"""

import numpy as np
from PIL import Image, ImageDraw

from core.datasets.samples.curves import bow, ribbons
from core.datasets.samples.painting import BEND, FILL, SIZE, cover, draw_spots, from_image, number
from core.datasets.samples.pose import Pose, draw_pose
from core.datasets.samples.species import BRANCH, SPECIES, TWIG, Leaf, Random
from core.datasets.samples.textures import VARIANTS, colour, cut, field, ground, mix

_OVER = 3
_INKS = colour(0.10, 0.09, 0.10), colour(0.24, 0.14, 0.09), colour(0.11, 0.14, 0.26), colour(0.13, 0.20, 0.16)
_AGE = colour(0.72, 0.58, 0.38)


def sketch(species: str, spotted: bool, rng: Random) -> Image.Image:
    """One drawing of SIZE x SIZE pixels; the same for the same state of `rng`."""
    leaf = SPECIES[species](rng)
    pose = draw_pose(rng, leaf, SIZE, FILL[species], BEND[species])
    edge = pose.place(leaf.outline)
    blade = cover([edge])
    pen = number(rng, 0.9, 1.5)  # its width in pixels
    inside = cover(_strokes(rng, leaf, pose, pen)) * blade
    outside = _lines(rng, edge, leaf, pose, pen)
    ink = np.maximum(inside, outside)
    if rng.random() < 0.6:
        ink = np.maximum(ink, _cast_shadow(rng, blade, pen))
    if spotted:
        ink = np.maximum(ink, _spots(rng, blade, pen))
    worn = 1 - number(rng, 0.05, 0.25) * np.clip(0.5 + cut(rng, field(8, int(rng.integers(VARIANTS))), SIZE), 0, 1)
    picture = mix(_old_paper(rng), _INKS[rng.integers(len(_INKS))], ink * worn * number(rng, 0.8, 1.0))
    return Image.fromarray(np.ascontiguousarray((np.clip(picture, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)))


def _lines(rng: Random, edge: np.ndarray, leaf: Leaf, pose: Pose, pen: float) -> np.ndarray:
    """Outline, gone over twice where the hand was unsure, and both sides of the stalk."""
    stalk = pose.place(ribbons(leaf.stalk[None], np.array([[0.022, 0.03]])))[0]
    canvas = Image.new("L", (_OVER * SIZE, _OVER * SIZE))
    brush = ImageDraw.Draw(canvas)
    for curve, times in ((np.concatenate([edge, edge[:1]]), int(rng.integers(1, 3))), (stalk, 1)):
        for _ in range(times):
            drift = np.cumsum(rng.normal(0, 0.12, curve.shape), axis=0)
            drift -= np.linspace(0, 1, len(curve))[:, None] * drift[-1]  # a closed line ends where it began
            width = max(2, round(_OVER * pen * number(rng, 0.8, 1.1)))
            brush.line(
                (_OVER * (curve + np.clip(drift, -1.2, 1.2))).ravel().tolist(), fill=255, width=width, joint="curve"
            )
    return from_image(canvas.reduce(_OVER))


def _strokes(rng: Random, leaf: Leaf, pose: Pose, pen: float) -> list[np.ndarray]:
    """Veins and hatching, each stroke an outline [points, 2] in pixels."""
    thin = pen / pose.scale  # one width of the pen in leaf lengths
    drawn = leaf.orders < TWIG
    drawn |= (leaf.orders == TWIG) & (rng.random(len(leaf.orders)) < rng.uniform(0.2, 0.8))
    widths = np.maximum(leaf.widths, 0.6 * thin)[drawn]
    hatching = _hatching(rng, leaf.veins[leaf.orders <= BRANCH])
    fine = np.tile([0.75 * thin, 0.3 * thin], (len(hatching), 1))
    veins, hatched = ribbons(leaf.veins[drawn], widths), ribbons(hatching, fine)
    return [*pose.place(veins), *pose.place(hatched)]


def _hatching(rng: Random, veins: np.ndarray) -> np.ndarray:
    """Short parallel strokes off one side of each vein [veins, points, 2], shorter towards its end."""
    number_of = max(3, int(rng.uniform(260, 420) / len(veins)))
    share = np.linspace(0.06, 0.94, number_of) + rng.normal(0, 0.01, (len(veins), number_of))
    place = np.clip(share, 0, 0.999) * (veins.shape[1] - 1)
    low, rest = place.astype(int), (place % 1)[..., None]
    row = np.arange(len(veins))[:, None]
    along = veins[row, low + 1] - veins[row, low]
    start = veins[row, low] + rest * along
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    side = np.where(veins[:, -1, 0] >= 0, 1.0, -1.0)[:, None] * rng.choice([-1, 1])
    angle = side * (0.9 + rng.normal(0, 0.06, place.shape))
    cos, sin = np.cos(angle), np.sin(angle)
    towards = np.stack([along[..., 0] * cos - along[..., 1] * sin, along[..., 0] * sin + along[..., 1] * cos], axis=-1)
    reach = rng.uniform(0.03, 0.075) * (1.15 - share) * rng.uniform(0.5, 1.3, place.shape)
    strokes = bow(start, start + towards * reach[..., None], 0.08 * side * np.ones(place.shape))
    return strokes.reshape(-1, *strokes.shape[-2:])


def _cast_shadow(rng: Random, blade: np.ndarray, pen: float) -> np.ndarray:
    """Slanting lines where the leaf's shadow falls, to the lower right."""
    far = int(rng.integers(4, 11))
    shadow = np.clip(np.roll(blade, (far, far), axis=(0, 1)) - blade, 0, 1)
    shadow[:far], shadow[:, :far] = 0, 0
    left = np.arange(-SIZE, SIZE, number(rng, 3.0, 4.5) * pen)
    left += rng.normal(0, 0.25, len(left))
    line = np.array([(0, 0), (0.9 * pen, 0), (0.9 * pen + SIZE, SIZE), (SIZE, SIZE)])
    return cover(line + np.stack([left, np.zeros(len(left))], axis=1)[:, None]) * shadow


def _spots(rng: Random, blade: np.ndarray, pen: float) -> np.ndarray:
    """Spots as a pen makes them: a ragged dark core, and dots around it."""
    spots, reach = draw_spots(rng, blade)
    centres = spots.mean(axis=1)
    spots = centres[:, None] + 0.7 * (spots - centres[:, None])
    angle = rng.uniform(0, 2 * np.pi, (len(spots), 9))
    far = reach * rng.uniform(1.1, 2.4, angle.shape)
    dots = centres[:, None] + np.stack([np.cos(angle), np.sin(angle)], axis=-1) * far[..., None]
    around = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    small = 0.55 * pen * np.stack([np.cos(around), np.sin(around)], axis=1)
    return cover([*spots, *(dots.reshape(-1, 1, 2) + small)]) * blade


def _old_paper(rng: Random) -> np.ndarray:
    picture = cut(rng, ground(0, int(rng.integers(VARIANTS))), SIZE) * number(rng, 0.92, 1.06)
    across = np.linspace(-1, 1, SIZE, dtype=np.float32)
    rim = np.maximum(np.abs(across[None]), np.abs(across[:, None])) ** 6
    stains = cut(rng, field(22, int(rng.integers(VARIANTS))), SIZE)
    age = number(rng, 0, 0.5) * rim + number(rng, 0, 0.25) * np.clip(stains - 0.8, 0, 1)
    return mix(picture, picture * _AGE, age + number(rng, 0, 0.35))
