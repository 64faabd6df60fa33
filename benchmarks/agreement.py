"""Whether the quick ways of computing learn as well as the plain ones: the same plans, five seeds each.

    python benchmarks/agreement.py                      on the built-in leaves
    python benchmarks/agreement.py --photos FILE_OR_FOLDER --rows "head,last stage"

bf16 against 32 bits, and kept views of changed photos against a new view in each epoch. A difference is seed noise when
it lies within two standard errors. Where the processor has no bf16, the same numbers are computed by software, slowly.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.machine import Table, keep
from core.backbones import describe_stages, get_card
from core.datasets import Dataset, import_dataset, import_sample
from core.device import precision
from core.home import Home, open_home
from core.job import EpochEnded, Job
from core.plans import NO_AUGMENTATION, Augmentation, Plan, make_plan
from core.training import train

CHANGES = Augmentation(crop=0.5, colour=0.2)


@dataclass(frozen=True)
class Row:
    """learning: how many stages, the last ones. ways: by name, what of the plan is different."""

    name: str
    learning: int
    epochs: int
    ways: dict[str, dict]


def _numbers(augmentation: Augmentation) -> dict[str, dict]:
    return {each: {"precision": each, "augmentation": augmentation} for each in ("fp32", "bf16")}


def _views(counts: dict[str, int | None]) -> dict[str, dict]:
    return {
        name: {"augmentation": CHANGES.model_copy(update={"cached_views": views}), "precision": "fp32"}
        for name, views in counts.items()
    }


ROWS = (
    Row("head only, 20 epochs", 0, 20, _numbers(NO_AUGMENTATION)),
    Row("last stage + head, 4 epochs", 1, 4, _numbers(NO_AUGMENTATION)),
    Row(
        "head with crop, flip and colour, 20 epochs",
        0,
        20,
        _views({"new views in each epoch": 0, "views left to Graft (5)": None, "4 views": 4, "2 views": 2}),
    ),
)


def main() -> None:
    given = _arguments()
    rows = [row for row in ROWS if any(word.strip() in row.name for word in given.rows.split(","))]
    precision._cpu_has_bf16 = lambda: True  # by software, where it is not there
    with tempfile.TemporaryDirectory(prefix="graft-agreement-") as folder:
        home = open_home(folder)
        dataset = import_dataset(home, "photos", given.photos) if given.photos else import_sample(home, "leaves")
        found = [_compare(home, dataset, row, range(given.seeds)) for row in rows]
        photos = f"{len(dataset.indices('train')):,} training and {len(dataset.indices('validation')):,} validation"
    note = (
        f"{STARTER.title} at {STARTER.input_size} pixels, {photos} photos of {given.called or dataset.name}, "
        f"{given.seeds} seeds. Accuracy on the validation photos after the last epoch, mean and standard deviation "
        "over the seeds, in percent; the difference to the first way with its standard error."
    )
    columns = ("work", "way", "accuracy", "sd", "difference", "its error", "within two errors")
    table = Table("The quick ways learn as well", columns, [line for lines in found for line in lines], note)
    print(keep("agreement", table))


STARTER = get_card("graft-resnet10t")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a zip or folder of photos in class folders")
    parser.add_argument("--called", default="", help="what to call those photos in the table")
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these words")
    parser.add_argument("--seeds", type=int, default=5)
    return parser.parse_args()


def _compare(home: Home, dataset: Dataset, row: Row, seeds: Sequence[int]) -> list[tuple]:
    lines: list[tuple] = []
    plain: list[float] = []
    for way, changes in row.ways.items():
        accuracies = [100 * _accuracy(home, dataset, _plan(dataset, row, changes, seed)) for seed in seeds]
        print(f"{row.name}, {way}: {' '.join(f'{a:.1f}' for a in accuracies)}", file=sys.stderr, flush=True)
        plain = plain or accuracies
        difference = mean(accuracies) - mean(plain)
        error = sqrt((stdev(accuracies) ** 2 + stdev(plain) ** 2) / len(accuracies))
        said = (None, None, "") if accuracies is plain else (difference, error, _yes(abs(difference) <= 2 * error))
        lines.append((row.name, way, mean(accuracies), stdev(accuracies), *said))
    return lines


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _plan(dataset: Dataset, row: Row, changes: dict, seed: int) -> Plan:
    plan = make_plan(dataset, STARTER, describe_stages(STARTER), "feature-extraction")
    [phase] = plan.phases
    stages = len(phase.stage_rates)
    rates = tuple(1e-4 if stage >= stages - row.learning else 0.0 for stage in range(stages))
    phase = phase.model_copy(update={"stage_rates": rates, "epochs": row.epochs})
    return plan.model_copy(update={"phases": (phase,), "seed": seed, "early_stopping": None, **changes})


def _accuracy(home: Home, dataset: Dataset, plan: Plan) -> float:
    """On the validation photos, after the last epoch."""
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        ended = [event for event in train(Job(plan, dataset, home, Path(folder))) if isinstance(event, EpochEnded)]
    [scores] = ended[-1].scores.values()
    return scores.validation_accuracy


if __name__ == "__main__":
    main()
