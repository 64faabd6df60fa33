"""Curves in memory: every value of a run, thinned on request, at the same cost for 100,000 steps as for 100."""

import math
from collections.abc import Sequence

import numpy as np

POINTS = 600  # about as many as a chart has pixels


class Curve:
    """One value at each of some rising steps. One thread appends, any thread reads; no lock is needed."""

    def __init__(self) -> None:
        self._steps = np.empty(256, np.int64)
        self._values = np.empty(256, np.float64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def last(self) -> tuple[int, float] | None:
        return (int(self._steps[self._count - 1]), float(self._values[self._count - 1])) if self._count else None

    def append(self, step: int, value: float) -> None:
        """A value at a step after the last one, or a new value at the last one."""
        if self._count and step <= self._steps[self._count - 1]:
            self.cut(step)
        if self._count == len(self._steps):
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._steps[self._count], self._values[self._count] = step, value
        self._count += 1  # last: a reader never sees a step without its value

    def extend(self, steps: list[int], values: list[float]) -> None:
        """Many at once, as they come from the database: steps rise and lie after the last."""
        count = self._count
        self._steps = np.concatenate([self._steps[:count], np.asarray(steps, np.int64)])
        self._values = np.concatenate([self._values[:count], np.asarray(values, np.float64)])
        self._count = count + len(steps)

    def cut(self, step: int) -> None:
        """Forget `step` and what follows: a resumed run takes these steps again."""
        self._count = int(np.searchsorted(self._steps[: self._count], step))

    def between(self, start: int | None, stop: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Steps int64 [n] and values float64 [n] with start <= step <= stop, and one more on either side: a line that
        was zoomed into then goes on to the edges of the chart."""
        count = self._count  # before the arrays: they are then at least this long
        steps, values = self._steps[:count], self._values[:count]
        first = 0 if start is None else max(0, int(np.searchsorted(steps, start)) - 1)
        last = count if stop is None else int(np.searchsorted(steps, stop, side="right")) + 1
        return steps[first:last], values[first:last]

    def thinned(
        self, start: int | None = None, stop: int | None = None, points: int = POINTS, exact: Sequence[int] = ()
    ) -> dict[str, list]:
        """Lowest, highest and mean value of at most about `points` buckets between two steps.

        Bucket widths are powers of two and begin at multiples of the width, so that old buckets stay where they are
        while steps arrive (otherwise the whole line shimmers). Extremes survive any thinning; the last point and those
        at the steps of `exact` (the best epoch) are there exactly.
        """
        steps, values = self.between(start, stop)
        if not len(steps):
            return {"step": [], "mean": [], "low": [], "high": []}
        bits = max(0, math.ceil(math.log2((int(steps[-1]) - int(steps[0]) + 1) / points)))
        edges = np.flatnonzero(np.diff(steps >> bits, prepend=-1))
        columns = {
            "step": steps[edges],
            "mean": np.add.reduceat(values, edges) / np.diff(np.append(edges, len(steps))),
            "low": np.minimum.reduceat(values, edges),
            "high": np.maximum.reduceat(values, edges),
        }
        for step in (*exact, int(steps[-1])):
            columns = _with_exact(columns, steps, values, step)
        return {name: [_short(value) for value in column.tolist()] for name, column in columns.items()}


def _with_exact(columns: dict[str, np.ndarray], steps: np.ndarray, values: np.ndarray, step: int) -> dict:
    """The columns with a point exactly at `step`, if the curve has one there."""
    row = int(np.searchsorted(steps, step))
    if row == len(steps) or steps[row] != step:
        return columns
    at = int(np.searchsorted(columns["step"], step))
    if at < len(columns["step"]) and columns["step"][at] == step:  # a bucket begins here: its band stays
        columns["mean"][at] = values[row]
        return columns
    return {name: np.insert(column, at, step if name == "step" else values[row]) for name, column in columns.items()}


def _short(value: float) -> float | None:
    """Six digits are more than a chart shows. JSON has no NaN: a diverged loss becomes a gap in the line."""
    if isinstance(value, int):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
