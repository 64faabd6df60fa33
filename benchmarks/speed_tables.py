"""What is compared in `speed.py`, and the tables and the plot that come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.contenders.work import Times
from benchmarks.memory import Memory
from benchmarks.report import Table

GRAFT = "graft"
TITLES = {GRAFT: "Graft", "plain_loop": "plain timm loop", "fastai_learner": "fastai", "hugging_face": "HF Trainer"}


@dataclass(frozen=True)
class Row:
    """trainable: "head", "last" (stage and head) or "all". by_epoch: compare an epoch after the first, not the run.
    measured_as: the row in which peers did the same work; they are not measured again.
    """

    name: str
    trainable: str
    epochs: int
    crop_and_flip: bool = False
    cached_views: int | None = None
    by_epoch: bool = False
    measured_as: str = ""

    @property
    def counted_epochs(self) -> int:
        return 1 if self.by_epoch else self.epochs


HEAD_ONLY, HEAD_AUGMENTED = "head only, 5 epochs", "head with crop and flip, 5 epochs, new views in each"
ROWS = (
    Row(HEAD_ONLY, "head", 5),
    Row("head only, 30 epochs", "head", 30, measured_as=HEAD_ONLY),
    Row("last stage + head, an epoch after the first", "last", 4, by_epoch=True),
    Row(HEAD_AUGMENTED, "head", 5, crop_and_flip=True, cached_views=0),
    Row("head with crop and flip, 30 epochs, 4 cached views", "head", 30, True, 4, measured_as=HEAD_AUGMENTED),
    Row("full fine-tuning with crop and flip, an epoch after the first", "all", 3, crop_and_flip=True, by_epoch=True),
)


@dataclass(frozen=True)
class Measured:
    """What one contender took for one row in one round. disturbed: fraction of the processor that others used."""

    times: Times
    memory: Memory
    disturbed: float = 0.0

    def seconds(self, row: Row) -> float:
        """Of an epoch after the first, or of the whole run; epochs that were not run count as those that were."""
        after_first = self.times.epochs[1:] or self.times.epochs
        if row.by_epoch:
            return median(after_first)
        measured = self.times.epochs[: row.epochs]
        return self.times.setup + sum(measured) + (row.epochs - len(measured)) * median(after_first)

    def training_seconds(self) -> float:
        """Of the steps of an epoch."""
        return median(self.times.training[1:] or self.times.training)


@dataclass(frozen=True)
class Compared:
    """A row's measurements, round by round. limits: by kind of arithmetic, images per second in each round."""

    row: Row
    rounds: Mapping[str, Sequence[Measured]]
    limits: Mapping[str, Sequence[float]]

    def seconds(self, contender: str) -> float:
        return median(each.seconds(self.row) for each in self.rounds[contender])

    def epoch_seconds(self, contender: str) -> float:
        return median(median(each.times.epochs[1:] or each.times.epochs) for each in self.rounds[contender])

    def training_seconds(self, contender: str) -> float:
        return median(each.training_seconds() for each in self.rounds[contender])

    def peers(self) -> list[str]:
        return [contender for contender in self.rounds if contender != GRAFT]

    def speedup_over_best_peer(self, contender: str) -> float | None:
        return min(map(self.seconds, self.peers())) / self.seconds(contender) if self.peers() else None

    def limit(self) -> float:
        """Images per second in the fastest arithmetic that the machine has."""
        return max(map(median, self.limits.values()))


def result_table(compared: Sequence[Compared], images: int) -> Table:
    """images: that are learned from in an epoch."""
    columns = ("work", "by", "seconds", "images/s", "seconds per epoch", "x best peer", "x limit in learning")
    rows = []
    for each in compared:
        for contender in each.rounds:
            seconds, training = each.seconds(contender), each.training_seconds(contender)
            rows.append(
                (
                    each.row.name,
                    TITLES[contender],
                    seconds,
                    images * each.row.counted_epochs / seconds,
                    each.epoch_seconds(contender),
                    each.speedup_over_best_peer(contender),
                    images / training / each.limit(),
                )
            )
    return Table("Speed", columns, rows, LEGEND)


LEGEND = (
    "*seconds*: from loaded libraries to the end of the last epoch, with decoding, what is computed once, validation "
    "after each epoch and, by Graft, checkpoints; where the row says so, of one epoch after the first. *images/s*: "
    "photos learned from in those seconds. *x best peer*: how often the time of the fastest other one fits in. "
    "*x limit in learning*: photos per second in the steps alone, as a share of what the network itself could do on "
    "tensors that lie ready, in the fastest arithmetic that this machine has; over 1 where less than all of it is run."
)


def cost_table(compared: Sequence[Compared]) -> Table:
    columns = ("work", "by", "memory, MB", "mapped files, MB", "made once, s", "on disk, MB")
    rows = []
    for each in compared:
        for contender, measured in each.rounds.items():
            disk = [sum(m.times.cache_bytes.values()) / 1e6 for m in measured]
            cached_seconds = [
                sum(seconds for part, seconds in m.times.parts.items() if part in CACHED_ACTIVITIES) for m in measured
            ]
            is_graft = contender == GRAFT
            rows.append(
                (
                    each.row.name,
                    TITLES[contender],
                    median(m.memory.own for m in measured) / 1e6,
                    median(m.memory.mapped for m in measured) / 1e6,
                    median(cached_seconds) if is_graft else None,
                    median(disk) if is_graft else None,
                )
            )
    note = (
        "*memory*: the most that the program and all its processes held at once, shared pages once. *mapped files*: "
        "the libraries themselves and, by Graft, its caches; the system drops these when somebody needs the room. "
        "*made once*: decoding, and running the frozen part of the network."
    )
    return Table("What it costs", columns, rows, note)


CACHED_ACTIVITIES = ("decode", "cache", "cache_view")  # what the engine computes once


def limit_table(compared: Sequence[Compared]) -> Table:
    found = {each.row.trainable: each for each in compared}
    kinds = list(dict.fromkeys(kind for each in found.values() for kind in each.limits))
    names = {"head": "forward", "last": "training step of the last stage + head", "all": "training step"}
    rows = [(names[trainable], *(median(each.limits[kind]) for kind in kinds)) for trainable, each in found.items()]
    return Table("The limit of this machine, images/s", ("of the same network", *kinds), rows)


def draw(figure: Any, compared: Sequence[Compared]) -> None:
    """Seconds by contender, a panel per row."""
    panels = figure.subplots(2, -(-len(compared) // 2), squeeze=False).flat
    for panel, each in zip(panels, compared, strict=False):
        names = [TITLES[contender] for contender in each.rounds]
        bars = panel.barh(names, [each.seconds(contender) for contender in each.rounds], color="#9ab")
        bars[list(each.rounds).index(GRAFT)].set_color("#2f6f4f")
        panel.bar_label(bars, fmt="%.3g", padding=2, fontsize=8)
        panel.invert_yaxis()
        panel.margins(x=0.2)
        panel.set_title(each.row.name.replace(", ", ",\n", 1), fontsize=9)
        panel.set_xlabel("seconds", fontsize=8)
        panel.tick_params(labelsize=8)
    for panel in list(panels)[len(compared) :]:
        panel.set_visible(False)
