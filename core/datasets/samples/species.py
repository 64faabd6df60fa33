"""Five species of leaves as geometry: outline, veins and stalk, with the variety that leaves of one tree have.

Leaf coordinates: the blade begins at (0, 0), its tip is near (0, 1), x is to the right; the stalk runs to negative y.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.datasets.samples.curves import BOW_POINTS, bow, sagging, through

Random = np.random.Generator
RIB, BRANCH, TWIG = 1, 2, 3  # orders of veins


@dataclass(frozen=True)
class Leaf:
    """right, left: the edge of either half from base to tip, [points, 2]. stalk: [BOW_POINTS, 2].

    veins: [veins, BOW_POINTS, 2], each from its thick to its thin end; widths: [veins, 2] there, in leaf lengths;
    orders: [veins], RIB, BRANCH or TWIG.
    """

    right: np.ndarray
    left: np.ndarray
    stalk: np.ndarray
    veins: np.ndarray
    widths: np.ndarray
    orders: np.ndarray

    @property
    def outline(self) -> np.ndarray:
        return np.concatenate([self.right, self.left[::-1]])


def oak(rng: Random) -> Leaf:
    """Rounded lobes, deep bays between them, widest above the middle; a vein to every lobe."""
    lobes, width = int(rng.integers(4, 6)), rng.uniform(0.27, 0.37)
    depth = rng.uniform(0.40, 0.62) * (4.6 / lobes) ** 0.5
    step = 0.66 / (lobes - 1)
    branches, halves = [], []
    for side in (1, -1):
        heights = np.linspace(0.20, 0.86, lobes) + rng.normal(0, 0.012, lobes)
        reach = width * np.interp(heights, [0.1, 0.35, 0.62, 0.9], [0.5, 0.82, 1.0, 0.66])
        reach *= rng.uniform(0.9, 1.1, lobes)
        points = [(0.012, 0.0), (0.05, 0.035)]
        for number, (y, x) in enumerate(zip(heights, reach, strict=True)):
            bay = (1 - depth * rng.uniform(0.85, 1.1)) * x * (0.75 if number == 0 else 1)
            points += [(bay, y - 0.46 * step), (0.90 * x, y - 0.20 * step), (x, y + 0.10 * step)]
            points += [(0.86 * x, y + 0.34 * step)]
            tip = np.array([side * 0.93 * x, y + 0.10 * step])
            branches.append(bow(np.array([0.0, max(0.02, y - 0.13)]), tip, -side * 0.10))
        points += [(0.42 * reach[-1], 0.925), (0.32 * reach[-1], 0.972), (0.0, 1.0)]
        halves.append(through(np.array(points), 5) * (side, 1))
    ribs = [bow(np.zeros(2), np.array([0.0, 0.97]), 0.0)]
    return _leaf(rng, halves, ribs, branches, stalk=rng.uniform(0.06, 0.13))


_MAPLE = np.array(  # degrees from the tip, radius: tips, teeth and bays of one half, as in the Norway maple
    [
        *[(178, 0.05), (150, 0.24), (127, 0.34), (112, 0.60), (98, 0.47), (88, 0.53), (78, 0.36), (66, 0.62)],
        *[(60, 0.63), (50, 0.95), (41, 0.70), (33, 0.71), (26, 0.40), (15, 0.67), (12, 0.78), (0, 1.06)],
    ]
)
_MAPLE_BAYS = [6, 12]
_MAPLE_LOBES = ((3, (2, 5)), (9, (7, 11)), (15, (14, 13)))  # a tip, and the teeth its rib sends branches to


def maple(rng: Random) -> Leaf:
    """Five pointed lobes spread like a hand, toothed, with ribs that meet where the stalk begins."""
    depth, spread = rng.uniform(0.82, 1.22), rng.uniform(0.92, 1.08)
    ribs, branches, halves = [], [], []
    for side in (1, -1):
        degrees = _MAPLE[:, 0] * spread + rng.normal(0, 2.0, len(_MAPLE))
        radius = _MAPLE[:, 1] * (1 + rng.normal(0, 0.05, len(_MAPLE)))
        radius[_MAPLE_BAYS] *= 2 - depth
        degrees[0], degrees[-1], radius[-1] = 178, 0, 1.02  # both halves meet
        tips = np.stack([side * np.sin(np.radians(degrees)), np.cos(np.radians(degrees))], axis=1) * radius[:, None]
        halves.append(sagging(tips, 0.10, (0.0, 0.12)))
        for tip, teeth in _MAPLE_LOBES:
            rib = bow(np.zeros(2), 0.97 * tips[tip], 0.0 if tip == 15 else side * 0.05)
            if tip != 15 or side == 1:  # the middle rib belongs to both halves
                ribs.append(rib)
            for point, tooth in zip((4, 5), teeth, strict=True):
                branches.append(bow(rib[point], rib[point] + 0.9 * (tips[tooth] - rib[point]), 0.0))
    return _leaf(rng, halves, ribs, branches, stalk=rng.uniform(0.5, 0.8))


def ginkgo(rng: Random) -> Leaf:
    """A fan with a wavy rim and a cleft; its veins never meet, each forks and forks again."""
    half, cleft, width = rng.uniform(0.75, 1.2), rng.uniform(0.05, 0.5), rng.uniform(0.03, 0.07)
    phases, sizes = rng.uniform(0, 2 * np.pi, 4), rng.uniform(0.004, 0.022, 4)

    def rim(angle: np.ndarray) -> np.ndarray:
        round_off = 1 - 0.16 * (np.abs(angle) / half) ** 4
        waves = sizes * np.sin(np.multiply.outer(angle, 5 + 6 * np.arange(4)) + phases)
        return round_off + waves.sum(axis=-1) - cleft * np.exp(-(np.abs(angle / width) ** 1.3))

    halves = []
    for side in (1, -1):
        angle = side * np.linspace(half, 0.0, 40) + rng.normal(0, 0.004, 40)
        angle[-1] = 0.0
        edge = _polar(angle, rim(angle))
        flank = bow(np.array([side * 0.008, 0.0]), edge[0], side * rng.uniform(0.04, 0.12))
        halves.append(np.concatenate([flank[:-1], edge]))
    return _leaf(rng, halves, [], _forks(half, rim), stalk=rng.uniform(0.4, 0.75), twigs=0)


def _forks(half: float, rim: Callable[[np.ndarray], np.ndarray], levels: int = 4) -> list[np.ndarray]:
    """Veins of a ginkgo: 4 at the base, twice as many after each fork."""
    veins = []
    for level in range(levels + 1):
        count = 4 * 2**level
        angles = (np.arange(count) - (count - 1) / 2) / count * 2 * half * 0.97
        # Where each pair comes from; at the base all come from the stalk.
        parents = angles if level == 0 else angles.reshape(-1, 2).mean(axis=1).repeat(2)
        start, stop = (np.array([level, level + 1]) / (levels + 1)) ** 0.85
        ends = np.minimum(0.985 * rim(angles), stop if level < levels else 2.0)
        share = np.linspace(0, 1, BOW_POINTS)
        radius = start + (ends - start)[:, None] * share
        turned = parents[:, None] + (angles - parents)[:, None] * np.minimum(1, 1.6 * share)
        veins += list(_polar(turned, radius)[ends > start])
    return veins


def birch(rng: Random) -> Leaf:
    """A small diamond with a drawn-out tip and teeth upon teeth; straight veins into the larger ones."""
    width, widest = rng.uniform(0.30, 0.42), rng.uniform(0.26, 0.38)

    def edge(t: np.ndarray) -> np.ndarray:
        lower = np.sin(np.pi / 2 * np.clip(t / widest, 0, 1)) ** 0.7
        left_over = np.clip((t - widest) / (1 - widest), 0, 1)
        return width * np.where(t < widest, lower, (1 - left_over) ** 1.3 * (1 + 0.75 * left_over))

    bite = rng.uniform(0.02, 0.035)
    return _toothed(rng, edge, int(rng.integers(6, 9)), bite, first=0.12, lift=0.02, stalk=rng.uniform(0.25, 0.45))


def willow(rng: Random) -> Leaf:
    """Long and narrow, finely toothed, with many veins that bend along the edge."""
    width, peak = rng.uniform(0.075, 0.13), rng.uniform(0.65, 0.85)

    def edge(t: np.ndarray) -> np.ndarray:
        return width * np.sin(np.pi * np.clip(t, 0, 1) ** peak) ** 0.9 * (1 - 0.25 * t)

    pairs = int(rng.integers(12, 16))
    return _toothed(rng, edge, pairs, bite=0.005, first=0.06, lift=0.12, stalk=rng.uniform(0.05, 0.1))


def _toothed(
    rng: Random,
    edge: Callable[[np.ndarray], np.ndarray],
    pairs: int,
    bite: float,
    first: float,
    lift: float,
    stalk: float,
    minor: int = 3,
) -> Leaf:
    """A leaf with feathered veins whose edge is a saw: `pairs` large teeth a side, `minor` points to each."""
    branches, halves = [], []
    for side in (1, -1):
        large = np.linspace(first, 0.93, pairs + 1) + np.append(rng.normal(0, 0.006, pairs), 0)
        places = np.interp(np.arange(pairs * minor + 1) / minor, np.arange(pairs + 1), large)
        size = np.where(np.arange(pairs * minor) % minor == 0, bite, 0.5 * bite) * rng.uniform(0.7, 1.3, pairs * minor)
        size *= np.minimum(1, 3 * edge(places[:-1]) / edge(np.array([0.3])))
        step = np.diff(places)
        # Each tooth points to the tip: a long flank below, a short one above.
        bay = np.stack([edge(places[:-1]), places[:-1]], axis=1)
        point = np.stack([edge(places[:-1] + 0.55 * step) + size, places[:-1] + 0.85 * step], axis=1)
        saw = np.stack([bay, point], axis=1).reshape(-1, 2)
        base = np.linspace(0, first, 7)[:-1]
        smooth = np.stack([np.maximum(edge(base), 0.008), base], axis=1)
        tip = np.array([(float(edge(np.array(0.965))), 0.965), (0.0, 1.0)])
        halves.append(np.concatenate([smooth, saw, tip]) * (side, 1))
        ends = point[::minor] * (0.95 * side, 1)
        rise = np.minimum(0.8 * np.abs(ends[:, 0]) + 0.02, 0.75 * ends[:, 1])
        starts = np.stack([np.zeros(pairs), ends[:, 1] - rise], axis=1)
        branches += list(bow(starts, ends, np.full(pairs, -side * lift)))
    return _leaf(rng, halves, [bow(np.zeros(2), np.array([0.0, 0.97]), 0.0)], branches, stalk)


def _leaf(
    rng: Random,
    halves: Sequence[np.ndarray],
    ribs: Sequence[np.ndarray],
    branches: Sequence[np.ndarray],
    stalk: float,
    twigs: int = 2,
) -> Leaf:
    """Put together, with `twigs` fine veins on both sides of each branch, and a stalk of this length."""
    main = np.array([*ribs, *branches])
    fine = _twigs(rng, main, twigs)
    orders = np.repeat([RIB, BRANCH, TWIG], [len(ribs), len(branches), len(fine)])
    widths = np.array([(0.018, 0.004), (0.009, 0.003), (0.005, 0.002)])[orders - 1]
    end = np.array([rng.normal(0, 0.12 * stalk), -stalk])
    bent = bow(np.zeros(2), end, rng.normal(0, 0.1))
    return Leaf(halves[0], halves[1], bent, np.concatenate([main, fine]), widths, orders)


def _twigs(rng: Random, veins: np.ndarray, number: int) -> np.ndarray:
    """Fine veins that leave others [veins, BOW_POINTS, 2] on both sides at rather more than half a right angle."""
    if number == 0:
        return np.zeros((0, BOW_POINTS, 2))
    at = np.linspace(2, BOW_POINTS - 3, number).round().astype(int)
    starts = np.concatenate([veins[:, at], veins[:, at]], axis=1).reshape(-1, 2)
    along = np.concatenate([veins[:, at + 1] - veins[:, at]] * 2, axis=1).reshape(-1, 2)
    turn = np.tile(np.repeat([1.0, -1.0], number), len(veins))
    angle = turn * rng.uniform(0.7, 1.1, len(starts))
    cos, sin = np.cos(angle), np.sin(angle)
    length = np.linalg.norm(veins[:, -1] - veins[:, 0], axis=1).repeat(2 * number) * rng.uniform(0.2, 0.35, len(starts))
    along *= (length / (np.linalg.norm(along, axis=1) + 1e-9))[:, None]
    turned = np.stack([along[:, 0] * cos - along[:, 1] * sin, along[:, 0] * sin + along[:, 1] * cos], axis=1)
    return bow(starts, starts + turned, -0.12 * turn)


def _polar(angle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1) * radius[..., None]


SPECIES: dict[str, Callable[[Random], Leaf]] = {
    "birch": birch,
    "ginkgo": ginkgo,
    "maple": maple,
    "oak": oak,
    "willow": willow,
}
