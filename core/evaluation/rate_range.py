"""The learning rate range test in figures: the loss over the rate, and which rate to take.

Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3: the rate rises with each step,
and the loss says at which it learns best. The loss is smoothed and the rate suggested as in fastai: a tenth of that at
which the smoothed loss is lowest, since it turns upwards soon after (Howard and Gugger, "fastai: A Layered API for Deep
Learning", Information 11, 2020).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SMOOTHING = 0.9  # the share of the earlier mean in each new one
DIVERGED = 4.0  # times the lowest loss so far, from which the test need not go on
BELOW_LOWEST = 10.0
LEAST_FALL = 0.02  # of the first loss: less may be noise


@dataclass(frozen=True)
class RateCurve:
    """group: whose rates, "head" or "stages". rates: tried, rising. losses: of the steps at them."""

    group: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def smoothed(self) -> tuple[float, ...]:
        return smooth(self.losses)

    @property
    def suggestion(self) -> float | None:
        return suggested_rate(self.rates, self.smoothed)

    @property
    def sentence(self) -> str:
        who = "the head alone" if self.group == "head" else "the stages that are freed"
        if self.suggestion is None:
            return f"No rate made the loss of {who} fall clearly: keep the one there is."
        lowest = self.rates[min(range(len(self.rates)), key=self.smoothed.__getitem__)]
        return (
            f"For {who}, the loss was lowest at a rate of {lowest:.1g} and rose soon after; "
            f"a tenth of that, {self.suggestion:g}, is usual."
        )


def rates_to_try(lowest: float, highest: float, steps: int) -> tuple[float, ...]:
    """From the lowest to the highest, each by the same factor above the one before."""
    return tuple(lowest * (highest / lowest) ** (step / (steps - 1)) for step in range(steps))


def smooth(losses: Sequence[float]) -> tuple[float, ...]:
    """The exponential moving average, corrected for having begun at 0 (Kingma and Ba, "Adam", ICLR 2015, section 3)."""
    mean, smoothed = 0.0, []
    for step, loss in enumerate(losses, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smoothed.append(mean / (1 - SMOOTHING**step))
    return tuple(smoothed)


def has_diverged(losses: Sequence[float]) -> bool:
    """Whether higher rates need not be tried."""
    smoothed = smooth(losses)
    return not math.isfinite(losses[-1]) or smoothed[-1] > DIVERGED * min(smoothed)


def suggested_rate(rates: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """To one digit; None where the loss did not fall clearly. smoothed: losses, all finite."""
    if not smoothed:
        return None
    lowest = min(range(len(smoothed)), key=smoothed.__getitem__)
    if smoothed[lowest] > (1 - LEAST_FALL) * smoothed[0]:
        return None
    return float(f"{rates[lowest] / BELOW_LOWEST:.1g}")
