"""Which network at which photo size a new plan should begin with: what it gets right, and how quickly.

    python benchmarks/default_backbone.py --data DATA --work FOLDER     about an hour on two cores
    python benchmarks/default_backbone.py --data DATA --work FOLDER --sizes 160

What comes with Graft, tried with a linear classifier on its features: on clothing and on each domain of
office-caltech10, after ten training photos per class and after all. Judged on validation photos, since something is
chosen by it. Features are computed once and kept in FOLDER, and the table is written anew after each row.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.experiment import argument_parser
from benchmarks.probing import CLOTHING, DOMAINS, Subject, dataset_named, packaged_here, probe_accuracy, starters_here
from benchmarks.report import Table, save_report
from core.backbones import Normalize, build_backbone
from core.device import restored_threads
from core.home import Home, open_home

BATCH, ROUNDS = 8, 3
SIZES = (128, 160, 224, 260)
COLUMNS = (
    "network",
    "pixels",
    "photos/s of one core",
    "clothing, 10 per class",
    "clothing, all",
    "office-caltech10, 10 per class",
    "office-caltech10, all",
)


def main() -> None:
    parser = argument_parser(__doc__, "default_backbone")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the zips")
    parser.add_argument("--work", type=Path, required=True, help="where photos and features are kept")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="of the photos for EfficientNet-Lite")
    arguments = parser.parse_args()
    home, rows = open_home(arguments.work / "home"), []
    for subject in _subjects(arguments.sizes):
        rows.append(_row(home, arguments.data, subject))
        print(rows[-1], flush=True)
        table = Table("What a new plan could begin with", COLUMNS, sorted(rows), _note())
        saved = save_report(arguments.name, table)
    print(saved)


def _subjects(sizes: Sequence[int]) -> Iterator[Subject]:
    yield from starters_here()
    for size in sizes:
        yield from (replace(subject, size=size) for subject in packaged_here())


def _row(home: Home, data: Path, subject: Subject) -> tuple[str | int | float, ...]:
    accuracies = {name: probe_accuracy(home, subject, dataset_named(home, data, name)) for name in (CLOTHING, *DOMAINS)}
    domains = [accuracies[name] for name in DOMAINS]
    return (
        subject.title,
        subject.size,
        round(_photos_per_core_second(home, subject)),
        accuracies[CLOTHING].few,
        accuracies[CLOTHING].all,
        round(mean(each.few for each in domains), 1),
        round(mean(each.all for each in domains), 1),
    )


@restored_threads()
def _photos_per_core_second(home: Home, subject: Subject) -> float:
    """Of the forward pass in fp32, by the processor's time, which other programs on the machine change little."""
    torch.set_num_threads(1)
    backbone = build_backbone(home, subject.choice("random"), subject.size)
    network = torch.nn.Sequential(Normalize(subject.card), backbone).eval()
    photos = torch.randint(256, (BATCH, 3, subject.size, subject.size), dtype=torch.uint8)
    with torch.inference_mode():
        network(photos)
        began = time.process_time()
        for _ in range(ROUNDS):
            network(photos)
    return ROUNDS * BATCH / (time.process_time() - began)


def _note() -> str:
    return (
        "Percent of the validation photos that a linear classifier on the features names right, after ten training "
        "photos per class (the mean over three draws) and after all; of office-caltech10 the mean of its four domains, "
        "each by itself. Photos per second of one core: forward pass in fp32, batches of 8, by the processor's time."
    )


if __name__ == "__main__":
    main()
