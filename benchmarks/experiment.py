"""What experiments share: options, a temporary home with the photos, fair timing, and differences in pairs of seeds."""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from statistics import stdev

from scipy.stats import t

from core.datasets import Dataset, Split, import_dataset, import_sample
from core.home import Home, open_home
from core.job import EpochEnded, Job
from core.plans import Plan
from core.profiling import autotune_job
from core.training import train


def argument_parser(description: str | None, name: str = "") -> argparse.ArgumentParser:
    """A parser whose help is the script's docstring; with a name, `--name` changes that of the results."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if name:
        parser.add_argument("--name", default=name, help="what the results are called")
    return parser


def accuracy_parser(description: str | None, name: str, seeds: int) -> argparse.ArgumentParser:
    """A parser with the options of an experiment that trains on photos with several seeds."""
    parser = argument_parser(description, name)
    parser.add_argument("--photos", type=Path, help="a zip or folder of photos in class folders")
    parser.add_argument("--called", default="", help="what to call those photos in the table")
    parser.add_argument("--seeds", type=int, default=seeds, choices=range(2, 100), metavar="2...")
    return parser


@contextmanager
def home_with_photos(arguments: argparse.Namespace) -> Iterator[tuple[Home, Dataset]]:
    """A temporary home with the dataset of `--photos`, or with the built-in leaves."""
    with tempfile.TemporaryDirectory(prefix=f"graft-{arguments.name}-") as folder:
        home = open_home(folder)
        photos = arguments.photos
        yield home, import_dataset(home, "photos", photos) if photos else import_sample(home, "leaves")


def describe_photos(arguments: argparse.Namespace, dataset: Dataset, split: Split) -> str:
    """How many photos are trained and evaluated on, and with how many seeds."""
    sizes = [f"{len(dataset.indices(each)):,}" for each in ("train", split)]
    name = arguments.called or dataset.name
    return f"{sizes[0]} training and {sizes[1]} {split} photos of {name}, {arguments.seeds} seeds"


def final_accuracy(home: Home, dataset: Dataset, plan: Plan) -> float:
    """Train in a temporary folder; percentage of the validation photos that the last epoch names right."""
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        job = autotune_job(Job(plan, {"source": dataset}, home, Path(folder)))
        ended = [event for event in train(job) if isinstance(event, EpochEnded)]
    [scores] = ended[-1].scores.values()
    return 100 * scores.validation_accuracy


def time_alternately(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each action in each round. All run in every round: what slows the machine slows them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, run in actions.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def paired_margin(differences: Sequence[float]) -> float:
    """Half of the 95 % interval (Student's t) of the mean of paired differences, one for each seed."""
    return float(t.ppf(0.975, len(differences) - 1)) * stdev(differences) / sqrt(len(differences))
