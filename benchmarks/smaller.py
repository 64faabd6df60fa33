"""What "Make it smaller" is worth: a small network taught by a finished run, beside the same one on labels alone.

    python benchmarks/smaller.py                                                        on the built-in leaves
    python benchmarks/smaller.py --photos clothing-small.zip --called clothing

The large starter learns the photos first (head first, then all stages). The small one then learns them by the very plan
that the button makes, with the run as its teacher and without. Each is judged on the test photos by its best epoch.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.machine import Table, keep, paired_margin
from benchmarks.probing import starters_here, weights_digest
from core.backbones import default_card, describe_stages, image_sizes_for, smaller_available
from core.datasets import Dataset, import_dataset, import_sample, open_pixels
from core.execution import execute_run, submit
from core.home import Home, open_home
from core.models import load_trained_model
from core.plans import Plan, make_plan, set_teacher, student_plan
from core.runs import Run, run_folder
from core.training import predict_logits

COLUMNS = ("network", "learns from", "million parameters", "accuracy", "sd", "difference", "± of it")


def main() -> None:
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="graft-smaller-") as folder:
        home = open_home(folder)
        dataset = import_dataset(home, "photos", given.photos) if given.photos else import_sample(home, "leaves")
        if not len(dataset.indices("test")):
            sys.exit("These photos have no test split to be judged on.")
        rows = _compare(home, dataset, range(given.seeds))
        learned, judged = len(dataset.indices("train")), len(dataset.indices("test"))
    note = (
        f"{learned:,} training and {judged:,} test photos of {given.called or dataset.name}, {given.seeds} seeds. "
        "Accuracy on the test photos, mean and standard deviation over the seeds, in percent; the difference in pairs "
        "of one seed, with half of its 95 % interval (Student's t) over them. The teacher is one run on one set of "
        f"photos, whose own chance is in no figure. Weights of the starters: {weights_here()}."
    )
    print(keep(given.name, Table("A small network taught by a larger one", COLUMNS, rows, note)))


def weights_here() -> str:
    """Names the starters' weights, so that a test can tell whether the kept figures are of those that are here."""
    return ", ".join(f"{starter.title} {weights_digest(starter)[:8]}" for starter in starters_here())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a zip or folder of photos in class folders")
    parser.add_argument("--called", default="", help="what to call those photos in the table")
    parser.add_argument("--seeds", type=int, default=5, choices=range(2, 100), metavar="2...", help="of the student")
    parser.add_argument("--name", default="smaller", help="what the results are called")
    return parser.parse_args()


def _compare(home: Home, dataset: Dataset, seeds: Sequence[int]) -> list[tuple]:
    large = default_card(home)
    small = smaller_available(home, large)
    if small is None:
        sys.exit(f"No network here is smaller than {large.title}.")
    stages = describe_stages(large)
    teacher, best = _learned(home, dataset, make_plan(dataset, large, stages, "head-first"))
    taught = student_plan(dataset, small, describe_stages(small), image_sizes_for(small), teacher.plan, teacher.id)
    alone, pupil = ([_accuracy(home, dataset, plan, s) for s in seeds] for plan in (set_teacher(taught, None), taught))
    gains = [after - before for before, after in zip(alone, pupil, strict=True)]
    sizes = [round(each.parameters / 1e6, 2) for each in (large, small)]
    return [
        (large.title, "labels", sizes[0], best, None, None, None),
        (small.title, "labels", sizes[1], mean(alone), stdev(alone), None, None),
        (
            small.title,
            f"labels and {large.title}",
            sizes[1],
            mean(pupil),
            stdev(pupil),
            mean(gains),
            paired_margin(gains),
        ),
    ]


def _accuracy(home: Home, dataset: Dataset, plan: Plan, seed: int) -> float:
    return _learned(home, dataset, plan.model_copy(update={"seed": seed}))[1]


def _learned(home: Home, dataset: Dataset, plan: Plan) -> tuple[Run, float]:
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
