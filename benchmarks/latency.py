"""Latency of what a page waits for, on large inputs.

    python benchmarks/latency.py            a few seconds

A search over all of timm, the list of many datasets, the summary of a test with very many classes.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from statistics import median
from string import ascii_lowercase

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.experiment import argument_parser, time_alternately
from benchmarks.report import Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.backbones import search_backbones
from core.datasets import import_dataset, list_datasets
from core.home import Home, database, open_home
from core.tasks import headline, where_the_mistakes_are

DATASETS, CLASSES = 100, 1_000
GOALS = {
    "a search over all of timm, two letters too many": 0.2,
    f"the list of {DATASETS} datasets": 0.5,
    f"the summary of a test with {CLASSES:,} classes": 3.0,
}


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        actions = timed_actions(Path(folder))
        time_alternately(actions, 1)  # what is read once is not what a person waits for each time
        seconds = time_alternately(actions, rounds)
    print(save_report("latency", table(seconds)))


def timed_actions(folder: Path) -> Mapping[str, Callable[[], object]]:
    """What is timed, in the order of GOALS."""
    home, counts = many_datasets(folder), many_classes()
    classes = [str(number) for number in range(CLASSES)]

    def summary() -> None:
        headline(counts, classes)
        where_the_mistakes_are(counts, classes)

    misspellings = cycle(
        f"mobilenett{letter}" for letter in ascii_lowercase
    )  # a new one each time: a known one is mended

    def misspelt_search() -> None:
        search_backbones(next(misspellings), limit=50)

    timed = (misspelt_search, lambda: list_datasets(home), summary)
    return dict(zip(GOALS, timed, strict=True))


def many_datasets(folder: Path) -> Home:
    """One dataset of made photos, and its entry under many other names."""
    home = open_home(folder / "home")
    import_dataset(home, "first", make_photos(folder / "photos", images=40, classes=2, width=64, height=64))
    with database(home, write=True) as connection:
        (body,) = connection.execute("SELECT body FROM versions").fetchone()
        for number in range(1, DATASETS):
            connection.execute(
                "INSERT INTO datasets (id, name, created) VALUES (?, ?, 0)", (f"d{number}", f"n{number}")
            )
            connection.execute("INSERT INTO versions VALUES (?, 1, 0, ?)", (f"d{number}", body))
    return home


def many_classes() -> np.ndarray:
    """Counts of true (rows) and named (columns) classes, most of them right."""
    return np.random.default_rng(0).poisson(0.01, (CLASSES, CLASSES)) + np.diag(np.full(CLASSES, 40))


def table(seconds: Mapping[str, list[float]]) -> Table:
    rows = [[what, median(measured), max(measured), GOALS[what]] for what, measured in seconds.items()]
    return Table("What has to be there at once", ("what", "median, s", "longest, s", "goal, s"), rows)


if __name__ == "__main__":
    main()
