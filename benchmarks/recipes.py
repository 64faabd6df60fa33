"""What each recipe of the plan page gains over the head alone, on the same draws of a few photos per class.

    python benchmarks/recipes.py --data DATA --work FOLDER         hours on two cores; goes on where it stopped
    python benchmarks/recipes.py --data DATA --work FOLDER --datasets clothing --shots 10 --draws 2

Plans are those of the plan page, all defaults; a draw's photos are the same for each recipe. The validation photos of
the dataset choose the epoch, and its test photos judge once.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import mean, stdev

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser
from benchmarks.probing import CLOTHING, Subject, dataset_named, packaged_here, sample_rows, starters_here
from benchmarks.report import Table, save_report
from core.backbones import describe_stages
from core.datasets import Dataset, open_pixels
from core.home import Home, open_home
from core.job import Job
from core.models import load_trained_model
from core.plans import make_plan
from core.profiling import autotune_job
from core.training import predict_logits, train

HEAD_ONLY = "feature-extraction"
RECIPES = (HEAD_ONLY, "top", "head-first")


@dataclass(frozen=True)
class Outcome:
    """accuracy: percent of the test photos."""

    network: str
    dataset: str
    shots: int
    draw: int
    recipe: str
    accuracy: float


def main() -> None:
    parser = argument_parser(__doc__, "recipes")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the zips")
    parser.add_argument("--work", type=Path, required=True, help="where photos and finished figures are kept")
    parser.add_argument("--networks", default="efficientnet-lite0,graft-resnet10t")
    parser.add_argument("--datasets", default=f"{CLOTHING},webcam,amazon")
    parser.add_argument("--shots", type=int, nargs="+", default=(10, 50), help="training photos per class")
    parser.add_argument("--draws", type=int, default=3)
    arguments = parser.parse_args()
    home, outcomes = open_home(arguments.work / "home"), []
    subjects = [
        each for each in (*packaged_here(), *starters_here()) if each.card.name in arguments.networks.split(",")
    ]
    cells = list(product(range(arguments.draws), subjects, arguments.datasets.split(","), arguments.shots, RECIPES))
    for done in _outcomes(home, arguments.data, arguments.work / "recipes.jsonl", cells):
        outcomes.append(done)
        print(done, file=sys.stderr, flush=True)
        saved = save_report(arguments.name, Table("Recipes", COLUMNS, table_rows(outcomes), NOTE))
    print(saved)


COLUMNS = ("network", "photos of", "per class", "head only", "top", "gain", "head first", "gain")
NOTE = (
    "Percent of the test photos that are right, the mean over the draws; a gain is that over the head alone on the "
    "same draw, ± one standard deviation over the draws."
)


def table_rows(outcomes: Sequence[Outcome]) -> list[tuple]:
    """A row per network, dataset and number of photos, from the draws of which all recipes are done."""
    rows = []
    for key in dict.fromkeys((each.network, each.dataset, each.shots) for each in outcomes):
        of_key = [each for each in outcomes if (each.network, each.dataset, each.shots) == key]
        draws = [
            {each.recipe: each.accuracy for each in of_key if each.draw == draw} for draw in {e.draw for e in of_key}
        ]
        whole = [draw for draw in draws if len(draw) == len(RECIPES)]
        if whole:
            rows.append((*key, *_figures(whole)))
    return rows


def _figures(draws: Sequence[dict[str, float]]) -> Iterator[float | str]:
    yield round(mean(draw[HEAD_ONLY] for draw in draws), 1)
    for recipe in RECIPES[1:]:
        gains = [draw[recipe] - draw[HEAD_ONLY] for draw in draws]
        yield round(mean(draw[recipe] for draw in draws), 1)
        yield f"{mean(gains):+.1f}" + (f" ± {stdev(gains):.1f}" if len(gains) > 1 else "")


def _outcomes(
    home: Home, data: Path, file: Path, cells: Sequence[tuple[int, Subject, str, int, str]]
) -> Iterator[Outcome]:
    """What was measured in this folder is not measured again. A dataset with fewer photos per class is left out."""
    known = [Outcome(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    for draw, subject, name, shots, recipe in cells:
        key = (subject.card.name, name, shots, draw, recipe)
        done = next((e for e in known if (e.network, e.dataset, e.shots, e.draw, e.recipe) == key), None)
        if done is None:
            dataset = dataset_named(home, data, name)
            rows = sample_rows(dataset, shots, draw)
            if rows is None:
                continue
            done = Outcome(*key, measure(home, subject, dataset, rows, recipe, draw))
            with file.open("a") as opened:
                opened.write(json.dumps(asdict(done)) + "\n")
        yield done


def measure(home: Home, subject: Subject, dataset: Dataset, rows: np.ndarray, recipe: str, seed: int) -> float:
    """Percent of the test photos that the kept epoch's model names right. rows: to learn from."""
    taken = np.concatenate([rows, dataset.indices("validation")])
    subset = Dataset(**{**vars(dataset), "id": f"draw{seed}n{len(rows)}{dataset.id}"[:24], "version": 1,
                        "table": dataset.table.iloc[taken].reset_index(drop=True)})  # fmt: skip
    plan = make_plan(subset, subject.card, describe_stages(subject.card), recipe, subject.size)
    plan = plan.model_copy(update={"seed": seed, "backbone": subject.choice("pretrained")})
    job = Job(plan, {"source": subset}, home, home.runs / "recipe")
    shutil.rmtree(job.folder, ignore_errors=True)
    for _ in train(autotune_job(job)):
        pass
    model = load_trained_model(home, plan, subset.tasks, job.folder)
    tested = dataset.indices("test")
    answers = predict_logits(model, open_pixels(home, dataset, plan.image_size), tested)[plan.tasks[0]].argmax(axis=1)
    return 100 * float((answers == dataset.labels(dataset.tasks[0])[tested]).mean())


if __name__ == "__main__":
    main()
