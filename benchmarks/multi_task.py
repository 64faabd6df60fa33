"""Whether labels are better learned together: photos with several label columns, each alone, together, and balanced.

    python benchmarks/multi_task.py --photos clothing-kids.zip --called clothing-kids    minutes on two cores
    python benchmarks/multi_task.py                                                      the built-in leaves

Half of the photos teach, a tenth chooses the epoch, the others judge; each seed splits them anew.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import accuracy_parser, home_with_photos, paired_margin
from benchmarks.report import Table, save_report
from core.backbones import describe_stages, get_card
from core.datasets import Dataset, SplitPlan, open_pixels, split_again
from core.home import Home
from core.job import Job
from core.models import load_trained_model
from core.plans import Plan, make_plan, plan_alone, set_balance, set_epochs, set_tasks
from core.profiling import autotune_job
from core.training import predict_logits, train

ALONE, ALIKE, LEARNED = "alone", "together, alike", "together, by uncertainty"
Accuracies = Mapping[str, Sequence[float]]  # by way, in percent, one for each seed


def main() -> None:
    arguments = _arguments()
    measured: dict[str, dict[str, list[float]]] = {}
    with home_with_photos(arguments) as (home, photos):
        for seed in range(arguments.seeds):
            dataset = split_again(home, photos, SplitPlan(train=0.5, validation=0.1, test=0.4, seed=seed))
            for task, way, accuracy in measure_seed(home, dataset, _plan(dataset, seed, arguments)):
                print(seed, task, way, round(accuracy, 1), file=sys.stderr)
                measured.setdefault(task, {}).setdefault(way, []).append(accuracy)
    sizes = [f"{len(dataset.indices(split)):,}" for split in ("train", "test")]
    note = (
        f"{get_card(arguments.backbone).title}, {arguments.recipe}. {sizes[0]} photos of "
        f"{arguments.called or photos.name} teach, {sizes[1]} judge, {arguments.seeds} seeds. Percent right; behind it "
        "the difference to alone, with its 95 % margin over the seeds."
    )
    rows = [table_row(task, ways) for task, ways in measured.items()]
    print(save_report(arguments.name, Table("Several labels together", ("label", ALONE, ALIKE, LEARNED), rows, note)))


def table_row(task: str, ways: Accuracies) -> tuple[str, ...]:
    """Means over the seeds, and differences in pairs."""
    cells = [f"{mean(ways[ALONE]):.1f}"]
    for way in (ALIKE, LEARNED):
        gains = [one - other for one, other in zip(ways[way], ways[ALONE], strict=True)]
        cells.append(f"{mean(ways[way]):.1f} ({mean(gains):+.1f} ± {paired_margin(gains):.1f})")
    return task, *cells


def measure_seed(home: Home, dataset: Dataset, plan: Plan) -> list[tuple[str, str, float]]:
    """(task, way, percent of the test photos right). plan: of all tasks together."""
    alone = [(task, ALONE, tested_accuracies(home, dataset, plan_alone(plan, task))[task]) for task in plan.tasks]
    together = [
        (task, way, accuracy)
        for way, each in ((ALIKE, plan), (LEARNED, set_balance(plan, "learned")))
        for task, accuracy in tested_accuracies(home, dataset, each).items()
    ]
    return [*alone, *together]


def tested_accuracies(home: Home, dataset: Dataset, plan: Plan) -> dict[str, float]:
    """By task, percent of the labelled test photos that the best epoch's model names right."""
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        job = autotune_job(Job(plan, {"source": dataset}, home, Path(folder)))
        for _ in train(job):
            pass
        model = load_trained_model(home, plan, dataset.tasks, job.folder)
    rows, found = dataset.indices("test"), {}
    for name, logits in predict_logits(model, open_pixels(home, dataset, plan.image_size), rows).items():
        task = dataset.task(name)
        labelled = dataset.is_labelled(task, rows)
        right = logits.argmax(axis=1) == dataset.labels(task)[rows]
        found[name] = 100 * float(right[labelled].mean())
    return found


def _plan(dataset: Dataset, seed: int, arguments: argparse.Namespace) -> Plan:
    card = get_card(arguments.backbone)
    plan = make_plan(dataset, card, describe_stages(card), arguments.recipe)
    plan = set_epochs(plan, arguments.epochs) if arguments.epochs else plan
    return set_tasks(plan, [task.name for task in dataset.tasks]).model_copy(update={"seed": seed})


def _arguments() -> argparse.Namespace:
    parser = accuracy_parser(__doc__, "multi_task", seeds=5)
    parser.add_argument("--backbone", default="graft-resnet10t")
    parser.add_argument("--recipe", default="head-first")
    parser.add_argument("--epochs", type=int, default=0, help="in all; the recipe's own if left out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
