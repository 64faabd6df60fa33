"""What photos that grow save while all of a network learns from scratch, and what they cost in accuracy.

    python benchmarks/growing.py                                                   on the built-in leaves
    python benchmarks/growing.py --photos clothing-small.zip --called clothing     ten minutes on two cores

The large starter's network from random weights, the same epochs: once at full size throughout, once growing. The two
take turns, seed by seed, so that what slows the machine slows both.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.machine import Table, keep, paired_margin
from core.backbones import default_card, describe_stages
from core.datasets import Dataset, import_dataset, import_sample, open_pixels
from core.home import Home, open_home
from core.job import EpochEnded, Job
from core.plans import Plan, make_plan
from core.training import train

COLUMNS = ("photos", "seconds", "times as quick", "accuracy", "sd", "difference", "± of it")


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="graft-growing-") as folder:
        home = open_home(folder)
        dataset = import_dataset(home, "photos", given.photos) if given.photos else import_sample(home, "leaves")
        open_pixels(home, dataset, given.size)
        rows = _compare(home, dataset, given)
        photos = f"{len(dataset.indices('train')):,} training and {len(dataset.indices('validation')):,} validation"
    note = (
        f"{default_card(home).architecture} from random weights, {given.epochs} epochs, {photos} photos of "
        f"{given.called or dataset.name}, {given.seeds} seeds. Accuracy on the validation photos after the last epoch, "
        "in percent; the difference in pairs of one seed, with half of its 95 % interval (Student's t) over them. "
        "Seconds are medians, and so are the ratios, taken seed by seed."
    )
    print(keep(given.name, Table("Photos that grow", COLUMNS, rows, note)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a zip or folder of photos in class folders")
    parser.add_argument("--called", default="", help="what to call those photos in the table")
    parser.add_argument("--size", type=int, default=96, help="in pixels, at the end")
    parser.add_argument("--begin", type=int, default=32, help="in pixels, at the beginning")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3, choices=range(2, 100), metavar="2...")
    parser.add_argument("--name", default="growing", help="what the results are called")
    return parser.parse_args()


def _compare(home: Home, dataset: Dataset, given: argparse.Namespace) -> list[tuple]:
    plans = [_plan(home, dataset, given, begins) for begins in (None, given.begin)]
    found = [[_run(home, dataset, plan, seed) for plan in plans] for seed in range(given.seeds)]
    (full, full_right), (grown, grown_right) = (tuple(zip(*way, strict=True)) for way in zip(*found, strict=True))
    quick = median(before / after for before, after in zip(full, grown, strict=True))
    gains = [after - before for before, after in zip(full_right, grown_right, strict=True)]
    names = f"{given.size} pixels", f"{given.begin} growing to {given.size} pixels"
    return [
        (names[0], median(full), 1.0, mean(full_right), stdev(full_right), None, None),
        (names[1], median(grown), quick, mean(grown_right), stdev(grown_right), mean(gains), paired_margin(gains)),
    ]


def _plan(home: Home, dataset: Dataset, given: argparse.Namespace, begins: int | None) -> Plan:
    network = default_card(home)
    plan = make_plan(dataset, network, describe_stages(network), "scratch", image_size=given.size)
    (phase,) = plan.phases
    phase = phase.model_copy(update={"epochs": given.epochs, "start_image_size": begins})
    return plan.model_copy(update={"phases": (phase,), "early_stopping": None})


def _run(home: Home, dataset: Dataset, plan: Plan, seed: int) -> tuple[float, float]:
    """Seconds, and the percentage of validation photos that the last epoch names right."""
    seeded = plan.model_copy(update={"seed": seed})
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        began = time.perf_counter()
        ended = [event for event in train(Job(seeded, dataset, home, Path(folder))) if isinstance(event, EpochEnded)]
        seconds = time.perf_counter() - began
    [scores] = ended[-1].scores.values()
    print(f"{plan.phases[0].start_image_size}, seed {seed}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return seconds, 100 * scores.validation_accuracy


if __name__ == "__main__":
    main()
