"""What is measured of a task, and how each metric describes its own panel: a new metric is one entry of `METRICS`."""

from dataclasses import dataclass
from typing import Literal

from core.evaluation.verdict import EpochScores
from core.tasks import margin

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

    def validation_in_words(self, scores: EpochScores) -> str:
        """Its value on the validation photos, with its margin: "86.2 % ± 3.7"; "unknown" where none has a label."""
        images = scores.validation_images
        if not images:
            return "unknown"
        [line] = [line for line in self.lines if line.role == "validation"]
        value = getattr(scores, line.field)
        return margin(round(value * images), images).text if self.margin == "wilson" else f"{value:.2f}"


def _lines_by_split(name: str, noun: str) -> tuple[MetricLine, ...]:
    """The lines of a metric that is known of each batch, of the clean training sample and of the validation split."""
    return (
        MetricLine(
            f"{name}/train",
            name,
            "step",
            "each step",
            f"{noun} of each batch while learning, photos changed a little; the band holds the lowest and highest",
        ),
        MetricLine(
            f"{name}/train_clean",
            f"train_{name}",
            "training",
            "training",
            f"{noun} on photos it learns from, unchanged, at each epoch's end",
        ),
        MetricLine(
            f"{name}/validation",
            f"validation_{name}",
            "validation",
            "validation",
            f"{noun} on photos it does not learn from, at each epoch's end",
        ),
    )


LOSS = Metric(
    name="loss",
    title="Loss",
    help="How wrong it is: lower is better.",
    better="lower",
    unit="nats",
    margin="",
    lines=_lines_by_split("loss", "Loss"),
)
ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    help="How many photos it gets right: higher is better.",
    better="higher",
    unit="share",
    margin="wilson",
    lines=_lines_by_split("accuracy", "Accuracy"),
)
GAP = Metric(
    name="gap",
    title="Overfitting: validation loss minus training loss",
    help="Wide and growing while validation loss rises: it learns the photos by heart.",
    better="lower",
    unit="nats",
    margin="standard error",
    lines=(
        MetricLine("gap", "gap", "difference", "gap", "validation loss minus training loss, with its 95 % band"),
        MetricLine(
            "rise",
            "rise",
            "detail",
            "rise",
            "how far validation loss has risen above its best epoch, with its 95 % band: this decides the verdict",
        ),
    ),
)
METRICS = (LOSS, ACCURACY, GAP)
HEADLINE = ACCURACY  # the metric that an epoch is summed up by in a sentence


def step_curves() -> tuple[tuple[str, str], ...]:
    """Names of the curves that each step adds to, with the field of `core.job.Stepped` that each takes."""
    return tuple((line.curve, line.field) for metric in METRICS for line in metric.lines if line.role == "step")


def epoch_curves() -> tuple[tuple[str, str], ...]:
    """Names of the curves that each epoch adds to for each task, with the field of EpochScores that each takes."""
    return tuple(
        (f"{line.curve}{suffix}", f"{line.field}{suffix}")
        for metric in METRICS
        for line in metric.lines
        if line.role != "step"
        for suffix in (("", "_error") if metric.margin == "standard error" else ("",))
    )
