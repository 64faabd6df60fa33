"""What is measured of a task while it trains: its loss, the score of its kind of label, and what is made of both.

A new metric of every kind is one entry of `DERIVED`; the score is `LabelKind.metric`.
"""

from collections.abc import Iterable

from core.tasks import LabelKind, Metric, MetricLine, lines_by_split

LOSS = Metric(
    name="loss",
    title="Loss",
    help="How wrong it is: lower is better.",
    better="lower",
    unit="nats",
    margin="",
    lines=lines_by_split("loss", "Loss", "loss"),
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
DERIVED = (GAP,)


def metrics_of(kind: LabelKind) -> tuple[Metric, ...]:
    """Every metric of a task with this kind of label, in the order of the screen."""
    return (LOSS, kind.metric, *DERIVED)


def step_curves(kinds: Iterable[LabelKind]) -> tuple[tuple[str, str], ...]:
    """Names of the curves that each step adds to, with the field of `core.job.Stepped` that each takes."""
    lines = [line for kind in kinds for metric in metrics_of(kind) for line in metric.lines if line.role == "step"]
    return tuple(dict.fromkeys((line.curve, line.field) for line in lines))


def epoch_curves(kind: LabelKind) -> tuple[tuple[str, str], ...]:
    """Names of the curves that each epoch adds to for each task, with the field of EpochScores that each takes."""
    return tuple(
        (f"{line.curve}{suffix}", f"{line.field}{suffix}")
        for metric in metrics_of(kind)
        for line in metric.lines
        if line.role != "step"
        for suffix in (("", "_error") if metric.margin == "standard error" else ("",))
    )
