"""Which network at which photo size a new plan should begin with: what it gets right, and how quickly.

    python benchmarks/default_backbone.py --data DATA --work FOLDER     about half an hour on two cores

What comes with Graft, tried with a linear classifier on its features: on clothing and on each domain of
office-caltech10, after ten training photos per class and after all. Judged on validation photos, since something is
chosen by it. Features are computed once and kept in FOLDER.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser
from benchmarks.gallery_speed import photos_per_second
from benchmarks.probing import CLOTHING, DOMAINS, Subject, dataset_named, packaged_here, probe_accuracy, starters_here
from benchmarks.report import Table, save_report
from core.home import Home, open_home

SIZES = (128, 160, 224, 260)
COLUMNS = (
    "network",
    "pixels",
    "photos/s",
    "clothing, 10 per class",
    "clothing, all",
    "office-caltech10, 10 per class",
    "office-caltech10, all",
)


def main() -> None:
    parser = argument_parser(__doc__, "default_backbone")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the zips")
    parser.add_argument("--work", type=Path, required=True, help="where photos and features are kept")
    arguments = parser.parse_args()
    home = open_home(arguments.work / "home")
    rows = []
    for subject in _subjects():
        rows.append(_row(home, arguments.data, subject))
        print(rows[-1], flush=True)
    print(save_report(arguments.name, Table("What a new plan could begin with", COLUMNS, rows, _note())))


def _subjects() -> Iterator[Subject]:
    yield from starters_here()
    for subject in packaged_here():
        yield from (replace(subject, size=size) for size in SIZES)


def _row(home: Home, data: Path, subject: Subject) -> tuple[str | int | float, ...]:
    accuracies = {name: probe_accuracy(home, subject, dataset_named(home, data, name)) for name in (CLOTHING, *DOMAINS)}
    domains = [accuracies[name] for name in DOMAINS]
    return (
        subject.title,
        subject.size,
        round(photos_per_second(home, subject.card, subject.size)),
        accuracies[CLOTHING].few,
        accuracies[CLOTHING].all,
        round(mean(each.few for each in domains), 1),
        round(mean(each.all for each in domains), 1),
    )


def _note() -> str:
    return (
        "Percent of the validation photos that a linear classifier on the features names right, after ten training "
        "photos per class (the mean over three draws) and after all; of office-caltech10 the mean of its four domains, "
        "each by itself. Photos per second: forward pass in fp32, batches of 8."
    )


if __name__ == "__main__":
    main()
