"""Whether *Head only* learns as good a head as scikit-learn's defaults do on the same features.

    python benchmarks/heads.py --data DATA --work FOLDER                  an hour on two cores
    python benchmarks/heads.py --data DATA --work FOLDER --only lite0     one network

EfficientNet-Lite0, MobileNetV2 with real ImageNet weights, and Graft CNN; clothing with its official split, each domain
of office-caltech10 by itself, and from one domain to another; 3, 5, 10, 30 and all photos per class. Beside Graft's
head two of scikit-learn: `LogisticRegressionCV` by log-loss on the features as they are, and behind a `StandardScaler`.
All are judged on test photos, by which nothing was chosen. Finished figures are kept in FOLDER: run it again to go on.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.experiment import argument_parser
from benchmarks.probing import (
    CLOTHING,
    DOMAINS,
    Subject,
    dataset_named,
    features,
    packaged_here,
    sample_rows,
    starters_here,
    train_head,
    weights_digest,
)
from benchmarks.report import Table, save_report
from benchmarks.transfer import FigureStore
from core.home import Home, open_home

PAIRS = (*((name, name) for name in (CLOTHING, *DOMAINS)), ("amazon", "webcam"), ("caltech", "dslr"))
SHOTS: tuple[int | None, ...] = (3, 5, 10, 30, None)
GRAFT, RAW, SCALED = "Head only", "LogisticRegressionCV", "StandardScaler, LogisticRegressionCV"
WAYS = (GRAFT, RAW, SCALED)
STRENGTHS, MAX_FOLDS, MAX_ITERATIONS = 10, 5, 300


@dataclass(frozen=True)
class Cell:
    """One comparison. source, target: datasets to learn from and to be judged on. shots: per class; None is all."""

    subject: Subject
    source: str
    target: str
    shots: int | None
    seed: int

    @property
    def key(self) -> str:
        who = f"{self.subject.name} {weights_digest(self.subject)[:8]} {self.subject.size} px"
        return f"{who} | {self.source} | {self.target} | {self.shots or 'all'} | draw {self.seed}"


def main() -> None:
    parser = argument_parser(__doc__, "heads")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the zips and weights/")
    parser.add_argument("--work", type=Path, required=True, help="where photos, features and figures are kept")
    parser.add_argument("--only", default="", help="the networks whose names contain this")
    parser.add_argument("--draws", type=int, default=5, help="of the photos to learn from")
    arguments = parser.parse_args()
    home, store = open_home(arguments.work / "home"), FigureStore(arguments.work / "heads.json")
    cells = list(_cells([s for s in _subjects(arguments.data) if arguments.only in s.name], arguments.draws))
    for cell in cells:
        if cell.key not in store.figures:
            store.add(cell.key, _compare(home, arguments.data, cell))
            print(cell.key, store.figures[cell.key], flush=True)
    print(save_report(arguments.name, *_tables(cells, store), note=_note(arguments.draws)))


def _subjects(data: Path) -> list[Subject]:
    file = data / "weights" / "mobilenetv2_100.safetensors"
    mobilenet = Subject("mobilenetv2_100", "MobileNetV2, real ImageNet", 160, file)
    return [packaged_here()[0], mobilenet, starters_here()[0]]


def _cells(subjects: Sequence[Subject], draws: int) -> Iterator[Cell]:
    for subject in subjects:
        for source, target in PAIRS:
            for shots in SHOTS:
                for seed in range(draws if shots else 1):
                    yield Cell(subject, source, target, shots, seed)


def _compare(home: Home, data: Path, cell: Cell) -> dict[str, float] | None:
    """Percent of the target's test photos that each way names right; None where no class has so many photos."""
    source, target = (dataset_named(home, data, name) for name in (cell.source, cell.target))
    rows = sample_rows(source, cell.shots, cell.seed)
    if rows is None:
        return None
    values = features(home, cell.subject, source, "pretrained")
    labels = source.labels(source.tasks[0])[rows]
    evaluated = target.indices("test")
    shown = features(home, cell.subject, target, "pretrained")[evaluated]
    weight, bias = train_head(home, cell.subject, source, rows, cell.seed)
    predicted = {
        GRAFT: (shown @ weight.T + bias).argmax(1),
        RAW: _fit(LogisticRegressionCV, values[rows], labels).predict(shown),
        SCALED: _fit(_scaled, values[rows], labels).predict(shown),
    }
    truth = target.labels(target.tasks[0])[evaluated]
    return {way: 100 * float((found == truth).mean()) for way, found in predicted.items()}


def _scaled(**settings: object) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegressionCV(**settings))


def _fit(make: Callable[..., Pipeline], values: np.ndarray, labels: np.ndarray) -> Pipeline:
    folds = min(MAX_FOLDS, *np.unique(labels, return_counts=True)[1])
    classifier = make(Cs=STRENGTHS, cv=folds, scoring="neg_log_loss", max_iter=MAX_ITERATIONS)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # without a scaler the weakest strengths need longer
        warnings.simplefilter("ignore", FutureWarning)  # of settings whose defaults are to change
        return classifier.fit(values, labels)


def _tables(cells: Sequence[Cell], store: FigureStore) -> Iterator[Table]:
    columns = ("network", "photos per class", *WAYS, "better of the two", "Graft's difference", "margin")
    rows = []
    for subject in dict.fromkeys(cell.subject for cell in cells):
        for shots in (*SHOTS, 0):
            chosen = [c for c in cells if c.subject == subject and shots in (c.shots, 0)]
            found = [f for c in chosen if (f := store.figures.get(c.key))]
            if found:
                rows.append([subject.title, "all together" if shots == 0 else shots or "all", *_summary(found)])
    yield Table("Right of the test photos, in percent, over all sets of photos", columns, rows)
    for subject in dict.fromkeys(cell.subject for cell in cells):
        yield _by_set(subject, cells, store)


def _summary(found: Sequence[dict[str, float]]) -> list[float]:
    """Means by way, of the better of scikit-learn's two, and Graft's difference to it with half its 95 % interval."""
    means = [mean(each[way] for each in found) for way in WAYS]
    better = max((RAW, SCALED), key=lambda way: mean(each[way] for each in found))
    differences = [each[GRAFT] - each[better] for each in found]
    margin = 1.96 * stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
    return [round(value, 2) for value in (*means, max(means[1:]), mean(differences), margin)]


def _by_set(subject: Subject, cells: Sequence[Cell], store: FigureStore) -> Table:
    rows = []
    for pair in PAIRS:
        for shots in SHOTS:
            chosen = [c for c in cells if (c.subject, c.source, c.target, c.shots) == (subject, *pair, shots)]
            found = [f for c in chosen if (f := store.figures.get(c.key))]
            if found:
                name = pair[0] if pair[0] == pair[1] else f"{pair[0]} to {pair[1]}"
                rows.append([name, shots or "all", *(round(mean(each[way] for each in found), 1) for way in WAYS)])
    return Table(f"{subject.title}, by set", ("photos", "per class", *WAYS), rows)


def _note(draws: int) -> str:
    return (
        f"Means of {draws} draws of training photos (of one where all are taken). Where a class has fewer photos, all "
        "of them are drawn. Margins: half of the 95 % interval of the differences, over sets and draws. The better of "
        "the two is that of scikit-learn's two ways whose mean in the row is higher: a choice that flatters it."
    )


if __name__ == "__main__":
    main()
