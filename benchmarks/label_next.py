"""How many labels *Label these next* saves: against photos in random order, on clothing, judged by validation photos.

    python benchmarks/label_next.py --data DATA --work FOLDER --backbone graft-resnet10t

Each seed begins with the same random photos for both orders. Counted is how many labels it takes until the head names
80 % as many validation photos right as with all labels, in two rounds one after the other.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))

import itertools

import numpy as np

from benchmarks.probing import clothing
from benchmarks.report import Table, save_report
from core.activations import photo_features
from core.backbones import get_card
from core.datasets import Dataset
from core.evaluation import most_instructive
from core.home import open_home
from core.plans import BackboneChoice
from core.tasks import MISSING
from core.training import COUNT, fit_and_judge

NEXT, RANDOM = "label these next", "random order"
SHARE = 0.8


def main() -> None:
    arguments = _arguments()
    home = open_home(arguments.work)
    dataset = clothing(home, arguments.data)
    choice, size = BackboneChoice(name=arguments.backbone), get_card(arguments.backbone).input_size
    features = photo_features(home, dataset, choice, size)
    final = _accuracy(dataset, features, dataset.indices("train"))[1]
    curves = {
        way: [label_in_rounds(dataset, features, way, seed, arguments.rounds) for seed in range(arguments.seeds)]
        for way in (NEXT, RANDOM)
    }
    rows = [row_of(way, each, SHARE * final) for way, each in curves.items()]
    note = (
        f"{get_card(arguments.backbone).title}, {arguments.seeds} seeds, {COUNT} labels a round, "
        f"{len(dataset.indices('train')):,} photos to ask about; with all their labels {100 * final:.1f} % of "
        f"{len(dataset.indices('validation')):,} validation photos are named right."
    )
    columns = ("order", "labels for 80 % of that", "of each seed", "right after the last round, %")
    print(save_report("label_next", Table("Label these next", columns, rows, note)))


def label_in_rounds(dataset: Dataset, features: np.ndarray, way: str, seed: int, rounds: int) -> list[float]:
    """The accuracy after each round; the first is of random photos in both orders."""
    train = dataset.indices("train")
    order = np.random.default_rng(seed).permutation(train)
    known, accuracies = order[:COUNT], []
    for number in range(rounds):
        answers, accuracy = _accuracy(dataset, features, known)
        accuracies.append(accuracy)
        others = order[~np.isin(order, known)]
        chosen = most_instructive(features[others], answers[others], COUNT, seed) if way == NEXT else range(COUNT)
        known = np.concatenate([known, others[np.asarray(chosen)]])
        print(way, seed, number, round(accuracy, 3), file=sys.stderr)
    return accuracies


def row_of(way: str, curves: Sequence[Sequence[float]], wanted: float) -> tuple[str, ...]:
    """How many labels each seed took; a seed that never came so far is counted with all it had."""
    needed = [labels_for(curve, wanted) for curve in curves]
    return way, f"{mean(needed):.0f}", ", ".join(map(str, needed)), f"{100 * mean(c[-1] for c in curves):.1f}"


def labels_for(curve: Sequence[float], wanted: float) -> int:
    """Labels until two rounds one after the other are that good; all where none are."""
    reached = (n for n, pair in enumerate(itertools.pairwise(curve)) if min(pair) >= wanted)
    return COUNT * (next(reached, len(curve) - 1) + 1)


def _accuracy(dataset: Dataset, features: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Answers to all photos by a head that learned from these training photos, and its accuracy on validation."""
    task, table = dataset.tasks[0], dataset.table.copy()
    hidden = np.setdiff1d(dataset.indices("train"), rows)
    table.loc[hidden, task.column] = MISSING
    answers, point = fit_and_judge(replace(dataset, table=table), task, features)
    assert point, "clothing has validation photos"
    return answers, point.accuracy.value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--backbone", default="tf_efficientnet_lite0.in1k")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
