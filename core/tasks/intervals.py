"""Figures with their margins: no share is shown without how far it may be off."""

from pydantic import BaseModel, ConfigDict

# scipy.stats takes half a second to load: here it is imported by the first figure, not by whoever lists datasets.


class Frozen(BaseModel):
    """What results are made of: never changed, unknown fields refused, no nan."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(Frozen):
    """A share between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def amount(self) -> str:
        """86.2 %"""
        return f"{_number(self.value)} %"

    @property
    def plus_minus(self) -> str:
        """± 3.7, half the interval's width; near 0 and 100 %, where that would lead past the end, both ends instead."""
        half = (self.high - self.low) / 2
        if half <= min(self.value, 1 - self.value):
            return f"± {100 * half:.1f}"
        return f"({_number(self.low)} to {_number(self.high)})"

    @property
    def text(self) -> str:
        """86.2 % ± 3.7, or 100 % (90.1 to 100)."""
        return f"{self.amount} {self.plus_minus}"

    @property
    def error(self) -> float:
        """About one standard error: a 95 % interval reaches over 2 x 1.96 of them."""
        return (self.high - self.low) / (2 * 1.96)


def margin(right: int, images: int) -> Interval:
    """The share right / images with Wilson's 95 % interval. Raises ValueError without images.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927: unlike the textbook's
    p ± 1.96 sqrt(p (1 - p) / n) it stays within 0 and 1 and does not claim certainty when all are right.
    """
    from scipy.stats import binomtest

    if not images:
        raise ValueError("a share needs at least one image")
    interval = binomtest(right, images).proportion_ci(confidence_level=0.95, method="wilson")
    return Interval(value=right / images, low=float(interval.low), high=float(interval.high))


def f1_margin(right: int, missed: int, false: int) -> Interval:
    """F1 = 2 right / (2 right + missed + false), of one class, with its 95 % interval.

    F1 is no share of anything that was counted, but 2 J / (1 + J) of one that is: J = right / (right + missed + false),
    of the images that are this class or were taken for it. It grows with J, so J's interval gives F1's.
    Raises ValueError when there are no such images.
    """
    share = margin(right, right + missed + false)
    return Interval(value=_f1(share.value), low=_f1(share.low), high=_f1(share.high))


def _f1(share: float) -> float:
    return 2 * share / (1 + share)


def _number(share: float) -> str:
    """One decimal, none for a plain 0 or 100: 99.97 % is not all, so it is never rounded up to 100."""
    percent = 100 * share
    if percent in (0, 100):
        return f"{percent:.0f}"
    return f"{min(max(percent, 0.1), 99.9):.1f}" if 0 < percent < 100 else f"{percent:.1f}"
