"""What pretrained weights are worth on other photos, for each starter and for real ImageNet weights beside them.

    python benchmarks/transfer.py --data DATA --work FOLDER             all of it: some hours on two cores
    python benchmarks/transfer.py --data DATA --work FOLDER --quick     clothing, linear classifiers alone

Ten kinds of clothing with their official split, and each domain of office-caltech10 by itself; 5, 10, 50 and all photos
per class, three draws of them. Features are computed once for all of it, and each finished figure is kept in
FOLDER/cells.json, copied to results/: the same command goes on where it stopped; one at a time in one FOLDER. What
there is to choose is chosen on validation photos.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from scipy.stats import t

from benchmarks.experiment import argument_parser
from benchmarks.probing import (
    CLOTHING,
    DOMAINS,
    DRAWS,
    FEW,
    Subject,
    dataset_named,
    features,
    fine_tune,
    linear_probe,
    packaged_here,
    sample_rows,
    starters_here,
    train_from_scratch,
    weights_digest,
)
from benchmarks.report import RESULTS, Table, save_report
from core.datasets import Dataset
from core.home import Home, open_home, write_json
from core.tasks import margin

REFERENCE = "mobilenetv2_100"
REFERENCE_SIZE = 224
RANDOM, LINEAR, TUNED, SCRATCH = "random features", "pretrained features", "fine-tuned", "from scratch"
WAYS = (RANDOM, LINEAR, TUNED, SCRATCH)
SHOTS: tuple[int | None, ...] = (5, FEW, 50, None)
STEPS = 150  # of training or nearly so, in whole epochs, whatever the number of photos; batches of 32
METHOD = 1  # another number when figures are measured otherwise: those that are kept are then of no use
GOAL_POINTS, GOAL_SHARE = 20.0, 80.0  # after FEW photos per class


@dataclass(frozen=True)
class Cell:
    """One figure: a backbone, a dataset, a way to use it, photos per class (None: all), and which draw of them."""

    subject: Subject
    dataset: str
    way: str
    shots: int | None
    seed: int

    @property
    def key(self) -> str:
        """Names the weights only where they are used: what random ones can is still true of a starter trained anew."""
        weights = weights_digest(self.subject)[:8] if self.way in (LINEAR, TUNED) else "random weights"
        who = [self.subject.name, weights, f"{self.subject.size} px"]
        return " | ".join(
            [*who, self.dataset, self.way, _shots_in_words(self.shots), f"draw {self.seed}", f"method {METHOD}"]
        )


class FigureStore:
    """Figures by key in a file that is whole after each of them. None stands for one that cannot be had."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def add(self, key: str, figure: dict[str, float] | None) -> None:
        self.figures[key] = figure
        write_json(self.file, self.figures)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the zips and weights/")
    parser.add_argument("--work", type=Path, required=True, help="where photos, features and figures are kept")
    parser.add_argument("--quick", action="store_true", help="clothing and linear classifiers alone")
    parser.add_argument("--only", help="the backbones whose names contain this")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing new after so long")
    parser.add_argument("--name", help="what the results are called, in place of transfer (-quick) (-only)")
    arguments = parser.parse_args()
    subjects = [s for s in _subjects(arguments.data) if not arguments.only or arguments.only in s.name]
    if not subjects:
        parser.error(f'No backbone\'s name contains "{arguments.only}".')
    home, store = open_home(arguments.work / "home"), FigureStore(arguments.work / "cells.json")
    cells = list(_cells(subjects, (CLOTHING,) if arguments.quick else (CLOTHING, *DOMAINS), arguments.quick))
    missing = sorted((cell for cell in cells if cell.key not in store.figures), key=_cost_order)
    _measure(home, arguments.data, missing, store, arguments.minutes)
    name = arguments.name or "-".join(
        ["transfer", *(["quick"] if arguments.quick else []), *([arguments.only] if arguments.only else [])]
    )
    print(save_report(name, *_tables(cells, store), draw=lambda figure: _draw(figure, cells, store), note=_note()))
    figures = {cell.key: store.figures[cell.key] for cell in cells if cell.key in store.figures}
    write_json(RESULTS / f"{name}-cells.json", figures)


def _subjects(data: Path) -> list[Subject]:
    file = data / "weights" / f"{REFERENCE}.safetensors"
    return [
        *packaged_here()[:1],
        *starters_here(),
        Subject(REFERENCE, "MobileNetV2, real ImageNet", REFERENCE_SIZE, file),
    ]


def _cells(subjects: Sequence[Subject], datasets: Sequence[str], quick: bool) -> Iterator[Cell]:
    for way in WAYS[:2] if quick else WAYS:
        for subject in subjects:
            # Only beside the goals: to train a large architecture takes minutes for each figure.
            is_slow = subject.has_imagenet_weights and (way == SCRATCH or (way == TUNED and not subject.file))
            counts = (FEW,) if is_slow else SHOTS
            for name in datasets:
                for shots in counts:
                    for seed in DRAWS if shots or way != LINEAR else DRAWS[:1]:
                        yield Cell(subject, name, way, shots, seed)


def _cost_order(cell: Cell) -> tuple[bool, bool, bool, bool]:
    """To sort by: classifiers on features before what trains a network, starters before the large networks, pretrained
    weights before random ones, and of equals the photos per class that the goal is about."""
    trains, reference = cell.way in (TUNED, SCRATCH), cell.subject.has_imagenet_weights
    return trains, reference, cell.way in (RANDOM, SCRATCH), cell.shots != FEW


def _measure(home: Home, data: Path, cells: Sequence[Cell], store: FigureStore, minutes: float) -> None:
    started = time.monotonic()
    for number, cell in enumerate(cells):
        if time.monotonic() - started > 60 * minutes:
            print(f"{len(cells) - number} figures are left for another time", flush=True)
            return
        cell_started = time.monotonic()
        correct = _correct(home, dataset_named(home, data, cell.dataset), cell)
        figure = None
        if correct is not None:
            figure = {
                "right": int(correct.sum()),
                "of": len(correct),
                "seconds": round(time.monotonic() - cell_started, 1),
            }
        store.add(cell.key, figure)
        print(f"{cell.key}: {figure}", flush=True)


def _correct(home: Home, dataset: Dataset, cell: Cell) -> np.ndarray | None:
    """Whether each test photo is named right; None where no class has more photos than that."""
    rows = sample_rows(dataset, cell.shots, cell.seed)
    if rows is None:
        return None
    if cell.way in (RANDOM, LINEAR):
        weights, seed = ("random", cell.seed) if cell.way == RANDOM else ("pretrained", 0)
        return linear_probe(features(home, cell.subject, dataset, weights, seed), dataset, rows)
    train_and_predict: Callable[..., np.ndarray] = fine_tune if cell.way == TUNED else train_from_scratch
    return train_and_predict(home, cell.subject, dataset, rows, STEPS, cell.seed)


@dataclass(frozen=True)
class Accuracy:
    """Percent over the draws, and the longer side of its 95 % interval.

    Two things make it uncertain: which photos were drawn to learn from, seen in the spread over the draws (Student's t,
    since they are few), and which ones the test has (Wilson's interval, its longer side). They add up as squares.
    """

    percent: float
    margin: float

    @property
    def text(self) -> str:
        return f"{self.percent:.1f} ± {self.margin:.1f}"

    def minus(self, other: "Accuracy") -> str:
        """With a margin as if they had nothing in common; they share photos, so it is rather too wide."""
        return f"{self.percent - other.percent:+.1f} ± {math.hypot(self.margin, other.margin):.1f}"

    def share_of(self, other: "Accuracy") -> str:
        """In percent; its margin in the same way."""
        ratio = self.percent / other.percent
        relative = math.hypot(self.margin / self.percent, other.margin / other.percent)
        return f"{100 * ratio:.1f} ± {100 * ratio * relative:.1f}"


def accuracy(figures: Sequence[dict[str, float]]) -> Accuracy:
    """Of one backbone, dataset, way and number of photos: its draws together."""
    shares = np.array([figure["right"] / figure["of"] for figure in figures])
    mean, photos = float(shares.mean()), int(figures[0]["of"])
    interval = margin(round(mean * photos), photos)
    spread = 0.0
    if len(shares) > 1:
        spread = float(t.ppf(0.975, len(shares) - 1) * shares.std(ddof=1) / np.sqrt(len(shares)))
    return Accuracy(100 * mean, 100 * math.hypot(max(mean - interval.low, interval.high - mean), spread))


def _accuracy_of(cells: Sequence[Cell], store: FigureStore, **criteria: object) -> Accuracy | None:
    """The accuracy over all draws of what is wanted; None where one of them is missing, or there are none."""
    chosen = [c for c in cells if all(getattr(c, name) == value for name, value in criteria.items())]
    figures = [figure for c in chosen if (figure := store.figures.get(c.key))]
    return accuracy(figures) if figures and len(figures) == len(chosen) else None


def _tables(cells: Sequence[Cell], store: FigureStore) -> Iterator[Table]:
    subjects = list(dict.fromkeys(c.subject for c in cells))
    names = list(dict.fromkeys(c.dataset for c in cells))
    yield _short_table(cells, store, names)
    yield _goal_table(cells, store, subjects, names)
    for name in names:
        rows = _rows(cells, store, [{"dataset": name, "shots": shots} for shots in SHOTS])
        yield Table(f"{name}: test accuracy in percent", ("backbone", "way", *map(_heading, SHOTS)), rows)


def _short_table(cells: Sequence[Cell], store: FigureStore, names: Sequence[str]) -> Table:
    """What README shows."""
    rows = _rows(cells, store, [{"dataset": name, "shots": FEW} for name in names])
    return Table(f"Test accuracy in percent after {FEW} photos per class", ("backbone", "way", *names), rows)


def _rows(cells: Sequence[Cell], store: FigureStore, columns: Sequence[dict[str, object]]) -> list[list[str | None]]:
    """One for each backbone and way of which there is a figure. columns: what of the cells each of them is about."""
    rows = []
    for subject in dict.fromkeys(c.subject for c in cells):
        for way in WAYS:
            found = [_accuracy_of(cells, store, subject=subject, way=way, **criteria) for criteria in columns]
            if any(found):
                rows.append([f"{subject.title}, {subject.size} px", way, *(f.text if f else None for f in found)])
    return rows


def _goal_table(cells: Sequence[Cell], store: FigureStore, subjects: Sequence[Subject], names: Sequence[str]) -> Table:
    rows = []
    for name in names:
        best = _accuracy_of(cells, store, dataset=name, way=LINEAR, shots=FEW, subject=subjects[-1])
        for subject in subjects:
            by_way = {
                way: _accuracy_of(cells, store, dataset=name, way=way, shots=FEW, subject=subject) for way in WAYS
            }
            if subject.has_imagenet_weights or not by_way[LINEAR]:
                continue  # the goals are about the starters
            gains = [by_way[LINEAR].minus(found) if found else None for found in (by_way[RANDOM], by_way[SCRATCH])]
            of_best = by_way[LINEAR].share_of(best) if best and subjects[-1].file else None
            rows.append([name, subject.title, by_way[LINEAR].text, *gains, of_best])
    columns = (
        "photos",
        "backbone",
        "linear classifier, %",
        f"points above random features (goal {GOAL_POINTS:.0f})",
        "points above from scratch (goal: more than 0)",
        f"share of real ImageNet weights, % (goal {GOAL_SHARE:.0f})",
    )
    return Table(f"Transfer with {FEW} photos per class", columns, rows)


def _draw(figure: Any, cells: Sequence[Cell], store: FigureStore) -> None:
    """By dataset, accuracy over photos per class: pretrained features, and random ones of the same network dashed."""
    names = list(dict.fromkeys(c.dataset for c in cells))
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names), sharey=True)), names, strict=True):
        for colour, subject in enumerate(dict.fromkeys(c.subject for c in cells)):
            for way, line in ((LINEAR, "-"), (RANDOM, ":")):
                found = [_accuracy_of(cells, store, subject=subject, dataset=name, way=way, shots=s) for s in SHOTS]
                points = [(place, f.percent) for place, f in enumerate(found) if f]
                if points:
                    label = subject.title if way == LINEAR else None
                    axes.plot(*zip(*points, strict=True), line, marker="o", color=f"C{colour}", label=label)
        axes.set_xticks(range(len(SHOTS)), [_shots_in_words(shots) for shots in SHOTS])
        axes.set_title(name)
    figure.supxlabel("photos per class")
    figure.supylabel("test accuracy of a linear classifier, %")
    lines = axes.get_legend_handles_labels()
    figure.legend(*lines, title="features (dotted: random weights)", loc="outside upper center", ncols=4)


def _shots_in_words(shots: int | None) -> str:
    return "all" if shots is None else str(shots)


def _heading(shots: int | None) -> str:
    return "all photos" if shots is None else f"{shots} per class"


def _note() -> str:
    return (
        "Means of three draws (of one where all photos teach a linear classifier on pretrained features) with the "
        "longer side of their 95 % interval, "
        "from the spread over the draws and the number of test photos; a figure is there when all its draws are. Where "
        "a class has fewer photos, all of them are drawn; where no class has more than 50, there is no figure for 50, "
        "which would be that for all. What takes minutes for each figure was asked for "
        f"{FEW} per class alone: networks with real ImageNet weights from scratch, and EfficientNet-Lite0 fine-tuned. "
        f"Fine-tuned and from scratch: about {STEPS} steps of up to 32 photos, in whole epochs. "
        "The linear classifier is a logistic regression on standardised features of a strength chosen on validation."
    )


if __name__ == "__main__":
    main()
