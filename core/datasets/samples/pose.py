"""How a leaf lies in the picture: bent, folded along its middle, tilted, turned, near or far."""

from dataclasses import dataclass

import numpy as np

from core.datasets.samples.species import Leaf, Random


@dataclass(frozen=True)
class Pose:
    """bend: radians from base to tip. fold: how far the halves rise. curl: how far both ends rise. spin, tilt: radians.

    scale, shift: from posed coordinates to pixels.
    """

    bend: float
    fold: float
    curl: float
    spin: float
    tilt: float
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def place(self, points: np.ndarray) -> np.ndarray:
        """Leaf coordinates [..., 2] to pixels [..., 2], x to the right and y down."""
        x, y = points[..., 0], points[..., 1]
        turned = self.bend * y
        bent_x = (1 - np.cos(turned)) / self.bend + x * np.cos(turned)
        bent_y = np.sin(turned) / self.bend - x * np.sin(turned)
        height = self.fold * np.abs(x) + self.curl * (y - 0.5) ** 2
        cos, sin = np.cos(self.spin), np.sin(self.spin)
        right, up = cos * bent_x - sin * bent_y, sin * bent_x + cos * bent_y
        near = up * np.sin(self.tilt) + height * np.cos(self.tilt)
        up = up * np.cos(self.tilt) - height * np.sin(self.tilt)
        seen = np.stack([right, -up], axis=-1) / (1 + 0.22 * near)[..., None]  # what is nearer looks larger
        return seen * self.scale + np.asarray(self.shift)


def draw_pose(rng: Random, leaf: Leaf, size: int, fill: tuple[float, float], bend: float) -> Pose:
    """A pose at random in which the blade's longer extent fills a share of the picture between the two of `fill`."""
    angle = rng.uniform(0.03, bend) * rng.choice([-1, 1])
    fold, curl, tilt = rng.uniform(-0.35, 0.35), rng.uniform(-0.3, 0.3), rng.uniform(-0.55, 0.55)
    spin = rng.normal(0, 0.6)  # people lay leaves down more or less upright
    seen = Pose(angle, fold, curl, spin, tilt).place(leaf.outline)
    low, high = seen.min(axis=0), seen.max(axis=0)
    share = rng.uniform(*fill)
    scale = share * size / (high - low).max()
    room = np.maximum(0.0, 0.98 - (high - low) * scale / size)
    centre = 0.5 + rng.uniform(-0.5, 0.5, 2) * room
    shift = centre * size - (low + high) / 2 * scale
    return Pose(angle, fold, curl, spin, tilt, float(scale), (float(shift[0]), float(shift[1])))
