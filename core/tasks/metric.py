"""How a metric describes its own panel of the live view."""

from dataclasses import dataclass
from typing import Any, Literal

from core.tasks.intervals import margin

# How a line is drawn. step: the noisy value of each batch, behind the others. difference: of two others. detail: hidden
# until somebody asks for it.
LineRole = Literal["step", "training", "validation", "difference", "detail"]


@dataclass(frozen=True)
class MetricLine:
    """One curve of a metric.

    curve: what its stored points are called, after the task's name and "/" unless its role is "step". field: where the
    value is found, in `core.job.Stepped` for the role "step", else in EpochScores.
    """

    curve: str
    field: str
    role: LineRole
    label: str
    help: str


@dataclass(frozen=True)
class Metric:
    """One panel of the live view. name: the panel's id. better: which way is an improvement.

    unit: "share" is of photos, from 0 to 1. margin: how its 95 % margin is known: "wilson" from the counted photos,
    "standard error" from the field of EpochScores with "_error" after its name, which is stored beside it and drawn as
    a band; "" where none is shown.
    """

    name: str
    title: str
    help: str
    better: Literal["lower", "higher"]
    unit: Literal["nats", "share"]
    margin: Literal["", "wilson", "standard error"]
    lines: tuple[MetricLine, ...]

    def validation_in_words(self, scores: Any) -> str:
        """Its value on the validation photos with its margin, "86.2 % ± 3.7"; "unknown" where none has a label.

        scores: `core.evaluation.EpochScores`.
        """
        images = scores.validation_images
        if not images:
            return "unknown"
        [line] = [line for line in self.lines if line.role == "validation"]
        value = getattr(scores, line.field)
        return margin(round(value * images), images).text if self.margin == "wilson" else f"{value:.2f}"


def lines_by_split(name: str, noun: str, field: str) -> tuple[MetricLine, ...]:
    """The lines of a metric that is known of each batch, of the clean training sample and of the validation split.

    field: of `core.job.Stepped`; with "train_" and "validation_" before it, of `core.evaluation.EpochScores`.
    """
    return (
        MetricLine(
            f"{name}/train",
            field,
            "step",
            "each step",
            f"{noun} of each batch while learning, photos changed a little; the band holds the lowest and highest",
        ),
        MetricLine(
            f"{name}/train_clean",
            f"train_{field}",
            "training",
            "training",
            f"{noun} on photos it learns from, unchanged, at each epoch's end",
        ),
        MetricLine(
            f"{name}/validation",
            f"validation_{field}",
            "validation",
            "validation",
            f"{noun} on photos it does not learn from, at each epoch's end",
        ),
    )
