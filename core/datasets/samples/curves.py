"""Curves through points, the little geometry that drawing leaves needs. Points are float64 [points, 2]."""

import numpy as np

BOW_POINTS = 9


def through(points: np.ndarray, steps: int = 6) -> np.ndarray:
    """A smooth curve through all points (Catmull-Rom), `steps` pieces between two of them."""
    before, after = 2 * points[:1] - points[1:2], 2 * points[-1:] - points[-2:-1]
    p = np.concatenate([before, points, after])[:, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    t = (np.arange(steps) / steps)[None, :, None]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def sagging(points: np.ndarray, sag: float, centre: tuple[float, float], steps: int = 5) -> np.ndarray:
    """Arcs from point to point that sag towards `centre` by a share of their length: each point stays a sharp tip."""
    start, end = points[:-1], points[1:]
    middle = (start + end) / 2
    inward = np.asarray(centre) - middle
    reach = np.linalg.norm(end - start, axis=1, keepdims=True) / (np.linalg.norm(inward, axis=1, keepdims=True) + 1e-9)
    control = (middle + sag * reach * inward)[:, None]
    t = (np.arange(steps) / steps)[None, :, None]
    curve = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * control + t**2 * end[:, None]
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def bow(start: np.ndarray, end: np.ndarray, lift: float | np.ndarray) -> np.ndarray:
    """From start to end [..., 2] with the middle pushed to the left by `lift` times the way: [..., BOW_POINTS, 2]."""
    along = end - start
    left = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    control = ((start + end) / 2 + np.asarray(lift)[..., None] * left)[..., None, :]
    t = np.linspace(0, 1, BOW_POINTS)[:, None]
    return (1 - t) ** 2 * start[..., None, :] + 2 * t * (1 - t) * control + t**2 * end[..., None, :]


def ribbons(curves: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Outlines of bands along curves [curves, points, 2], as wide as `widths` [curves, 2] at their start and end."""
    along = np.gradient(curves, axis=1)
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9
    taper = np.linspace(0, 1, curves.shape[1])
    half = 0.5 * (widths[:, :1] * (1 - taper) + widths[:, 1:] * taper)
    offset = half[..., None] * across
    return np.concatenate([curves + offset, (curves - offset)[:, ::-1]], axis=1)
