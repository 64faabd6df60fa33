"""Whether the fast ways of computing train as well as the plain ones: the same plans, five seeds each.

    python benchmarks/agreement.py                      on the built-in leaves
    python benchmarks/agreement.py --photos FILE_OR_FOLDER --rows "head,last stage"

bf16 against 32 bits, and cached views of augmented photos against a new view in each epoch. A difference within two
standard errors is seed noise. Where the processor has no bf16, software computes it, slowly.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import accuracy_parser, describe_photos, final_accuracy, home_with_photos
from benchmarks.report import Table, save_report
from core.backbones import describe_stages, get_card
from core.datasets import Dataset
from core.device import precision
from core.home import Home
from core.plans import NO_AUGMENTATION, Augmentation, Plan, make_plan

AUGMENTATION = Augmentation(crop=0.5, colour=0.2)


@dataclass(frozen=True)
class Row:
    """trainable_stages: how many, counted from the head. variants: by name, what differs in the plan."""

    name: str
    trainable_stages: int
    epochs: int
    variants: dict[str, dict]


def _precisions(augmentation: Augmentation) -> dict[str, dict]:
    return {each: {"precision": each, "augmentation": augmentation} for each in ("fp32", "bf16")}


def _views(counts: dict[str, int | None]) -> dict[str, dict]:
    return {
        name: {"augmentation": AUGMENTATION.model_copy(update={"cached_views": views}), "precision": "fp32"}
        for name, views in counts.items()
    }


ROWS = (
    Row("head only, 20 epochs", 0, 20, _precisions(NO_AUGMENTATION)),
    Row("last stage + head, 4 epochs", 1, 4, _precisions(NO_AUGMENTATION)),
    Row(
        "head with crop, flip and colour, 20 epochs",
        0,
        20,
        _views({"new views in each epoch": 0, "views left to Graft (5)": None, "4 views": 4, "2 views": 2}),
    ),
)


def main() -> None:
    arguments = _arguments()
    rows = [row for row in ROWS if any(word.strip() in row.name for word in arguments.rows.split(","))]
    precision._cpu_has_bf16 = lambda: True  # by software, where it is not there
    with home_with_photos(arguments) as (home, dataset):
        compared = [_compare(home, dataset, row, range(arguments.seeds)) for row in rows]
        photos = describe_photos(arguments, dataset, "validation")
    note = (
        f"{STARTER.title} at {STARTER.input_size} pixels, {photos}. Accuracy on the validation photos after the last "
        "epoch, mean and standard deviation over the seeds, in percent; the difference to the first way with its "
        "standard error."
    )
    columns = ("work", "way", "accuracy", "sd", "difference", "its error", "within two errors")
    table = Table("The quick ways learn as well", columns, [line for lines in compared for line in lines], note)
    print(save_report(arguments.name, table))


STARTER = get_card("graft-resnet10t")


def _arguments() -> argparse.Namespace:
    parser = accuracy_parser(__doc__, "agreement", seeds=5)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these words")
    return parser.parse_args()


def _compare(home: Home, dataset: Dataset, row: Row, seeds: Sequence[int]) -> list[tuple]:
    lines: list[tuple] = []
    baseline: list[float] = []
    for variant, updates in row.variants.items():
        accuracies = [final_accuracy(home, dataset, _plan(dataset, row, updates, seed)) for seed in seeds]
        print(f"{row.name}, {variant}: {' '.join(f'{a:.1f}' for a in accuracies)}", file=sys.stderr, flush=True)
        baseline = baseline or accuracies
        difference = mean(accuracies) - mean(baseline)
        error = sqrt((stdev(accuracies) ** 2 + stdev(baseline) ** 2) / len(accuracies))
        comparison = (
            (None, None, "")
            if accuracies is baseline
            else (difference, error, _yes_or_no(abs(difference) <= 2 * error))
        )
        lines.append((row.name, variant, mean(accuracies), stdev(accuracies), *comparison))
    return lines


def _yes_or_no(is_true: bool) -> str:
    return "yes" if is_true else "no"


def _plan(dataset: Dataset, row: Row, updates: dict, seed: int) -> Plan:
    plan = make_plan(dataset, STARTER, describe_stages(STARTER), "feature-extraction")
    [phase] = plan.phases
    stages = len(phase.stage_rates)
    rates = tuple(1e-4 if stage >= stages - row.trainable_stages else 0.0 for stage in range(stages))
    phase = phase.model_copy(update={"stage_rates": rates, "epochs": row.epochs})
    return plan.model_copy(update={"phases": (phase,), "seed": seed, "early_stopping": None, **updates})


if __name__ == "__main__":
    main()
