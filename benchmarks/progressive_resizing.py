"""What progressive resizing saves in training from scratch, and what it costs in accuracy.

    python benchmarks/progressive_resizing.py                                                   on the built-in leaves
    python benchmarks/progressive_resizing.py --photos clothing-small.zip --called clothing     ten minutes on two cores

The large starter's network from random weights, the same epochs: once at full size throughout, once growing. The two
alternate, seed by seed, so that what slows the machine slows both.
"""

import argparse
import sys
import time
from pathlib import Path
from statistics import mean, median, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import accuracy_parser, describe_photos, final_accuracy, home_with_photos, paired_margin
from benchmarks.report import Table, save_report
from core.backbones import default_card, describe_stages
from core.datasets import Dataset, open_pixels
from core.home import Home
from core.plans import Plan, make_plan

COLUMNS = ("photos", "seconds", "times as quick", "accuracy", "sd", "difference", "± of it")


def main() -> None:
    arguments = _arguments()
    with home_with_photos(arguments) as (home, dataset):
        open_pixels(home, dataset, arguments.size)
        rows = _compare(home, dataset, arguments)
        photos = describe_photos(arguments, dataset, "validation")
        architecture = default_card(home).architecture
    note = (
        f"{architecture} from random weights, {arguments.epochs} epochs, {photos}. Accuracy on the validation photos "
        "after the last epoch, in percent; the difference in pairs of one seed, with half of its 95 % interval "
        "(Student's t) over them. Seconds are medians, and so are the ratios, taken seed by seed."
    )
    print(save_report(arguments.name, Table("Progressive resizing", COLUMNS, rows, note)))


def _arguments() -> argparse.Namespace:
    parser = accuracy_parser(__doc__, "progressive_resizing", seeds=3)
    parser.add_argument("--size", type=int, default=96, help="in pixels, at the end")
    parser.add_argument("--begin", type=int, default=32, help="in pixels, at the beginning")
    parser.add_argument("--epochs", type=int, default=8)
    return parser.parse_args()


def _compare(home: Home, dataset: Dataset, arguments: argparse.Namespace) -> list[tuple]:
    plans = [_plan(home, dataset, arguments, start_size) for start_size in (None, arguments.begin)]
    found = [[_train(home, dataset, plan, seed) for plan in plans] for seed in range(arguments.seeds)]
    (full_seconds, full_accuracies), (resized_seconds, resized_accuracies) = (
        tuple(zip(*way, strict=True)) for way in zip(*found, strict=True)
    )
    speedup = median(fixed / resized for fixed, resized in zip(full_seconds, resized_seconds, strict=True))
    differences = [resized - fixed for fixed, resized in zip(full_accuracies, resized_accuracies, strict=True)]
    names = f"{arguments.size} pixels", f"{arguments.begin} growing to {arguments.size} pixels"
    return [
        (names[0], median(full_seconds), 1.0, mean(full_accuracies), stdev(full_accuracies), None, None),
        (
            names[1],
            median(resized_seconds),
            speedup,
            mean(resized_accuracies),
            stdev(resized_accuracies),
            mean(differences),
            paired_margin(differences),
        ),
    ]


def _plan(home: Home, dataset: Dataset, arguments: argparse.Namespace, start_size: int | None) -> Plan:
    network = default_card(home)
    plan = make_plan(dataset, network, describe_stages(network), "scratch", image_size=arguments.size)
    (phase,) = plan.phases
    phase = phase.model_copy(update={"epochs": arguments.epochs, "start_image_size": start_size})
    return plan.model_copy(update={"phases": (phase,), "early_stopping": None})


def _train(home: Home, dataset: Dataset, plan: Plan, seed: int) -> tuple[float, float]:
    """Seconds, and the accuracy on the validation photos in percent."""
    started = time.perf_counter()
    accuracy = final_accuracy(home, dataset, plan.model_copy(update={"seed": seed}))
    seconds = time.perf_counter() - started
    print(f"{plan.phases[0].start_image_size}, seed {seed}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return seconds, accuracy


if __name__ == "__main__":
    main()
