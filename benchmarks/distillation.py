"""What distillation is worth ("Make it smaller"): a small network with a finished run as its teacher, and without.

    python benchmarks/distillation.py                                                        on the built-in leaves
    python benchmarks/distillation.py --photos clothing-small.zip --called clothing

The large starter learns the photos first (head first, then all stages). The small one then learns them by the very plan
that the button makes, with the run as its teacher and without. Each is evaluated on the test photos at its best epoch.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import accuracy_parser, describe_photos, home_with_photos, paired_margin
from benchmarks.probing import starters_here, weights_digest
from benchmarks.report import Table, save_report
from core.backbones import default_card, describe_stages, image_sizes_for, smaller_available
from core.datasets import Dataset, open_pixels
from core.execution import execute_run, submit
from core.home import Home
from core.models import load_trained_model
from core.plans import Plan, make_plan, set_teacher, student_plan
from core.runs import Run, run_folder
from core.training import predict_logits

COLUMNS = ("network", "learns from", "million parameters", "accuracy", "sd", "difference", "± of it")


def main() -> None:
    arguments = accuracy_parser(__doc__, "distillation", seeds=5).parse_args()
    with home_with_photos(arguments) as (home, dataset):
        if not len(dataset.indices("test")):
            sys.exit("These photos have no test split to be judged on.")
        rows = _compare(home, dataset, range(arguments.seeds))
        photos = describe_photos(arguments, dataset, "test")
    note = (
        f"{photos}. Accuracy on the test photos, mean and standard deviation over the seeds, in percent; the "
        "difference in pairs of one seed, with half of its 95 % interval (Student's t) over them. The teacher is one "
        f"run on one set of photos, whose own chance is in no figure. Weights of the starters: {weights_here()}."
    )
    print(
        save_report(
            arguments.name, Table("Distillation: a small network trained with a larger one", COLUMNS, rows, note)
        )
    )


def weights_here() -> str:
    """Titles and digests of the starters' weights: a test compares them with those in the saved results."""
    return ", ".join(f"{starter.title} {weights_digest(starter)[:8]}" for starter in starters_here())


def _compare(home: Home, dataset: Dataset, seeds: Sequence[int]) -> list[tuple]:
    large = default_card(home)
    small = smaller_available(home, large)
    if small is None:
        sys.exit(f"No network here is smaller than {large.title}.")
    stages = describe_stages(large)
    teacher, teacher_accuracy = _train(home, dataset, make_plan(dataset, large, stages, "head-first"))
    with_teacher = student_plan(
        dataset, small, describe_stages(small), image_sizes_for(small), teacher.plan, teacher.id
    )
    without_teacher, distilled = (
        [_accuracy(home, dataset, plan, s) for s in seeds] for plan in (set_teacher(with_teacher, None), with_teacher)
    )
    differences = [student - baseline for baseline, student in zip(without_teacher, distilled, strict=True)]
    sizes = [round(each.parameters / 1e6, 2) for each in (large, small)]
    return [
        (large.title, "labels", sizes[0], teacher_accuracy, None, None, None),
        (small.title, "labels", sizes[1], mean(without_teacher), stdev(without_teacher), None, None),
        (
            small.title,
            f"labels and {large.title}",
            sizes[1],
            mean(distilled),
            stdev(distilled),
            mean(differences),
            paired_margin(differences),
        ),
    ]


def _accuracy(home: Home, dataset: Dataset, plan: Plan, seed: int) -> float:
    return _train(home, dataset, plan.model_copy(update={"seed": seed}))[1]


def _train(home: Home, dataset: Dataset, plan: Plan) -> tuple[Run, float]:
    """A finished run, and the percentage of the test photos that its best epoch names right."""
    run = execute_run(home, submit(home, plan).id)
    rows, task = dataset.indices("test"), dataset.tasks[0]
    model = load_trained_model(home, plan, dataset.tasks, run_folder(home, run.id), "best")
    logits = predict_logits(model, open_pixels(home, dataset, plan.image_size), rows)[task.name]
    accuracy = 100 * float((logits.argmax(1) == dataset.labels(task)[rows]).mean())
    print(f"{run.name}, seed {plan.seed}: {accuracy:.1f} %", file=sys.stderr, flush=True)
    return run, accuracy


if __name__ == "__main__":
    main()
