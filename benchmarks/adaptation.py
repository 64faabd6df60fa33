"""Whether domain adaptation helps: the twelve pairs of office-caltech10, by each method, against the source alone.

    python benchmarks/adaptation.py --data FOLDER --home KEPT    hours on two cores; goes on where it stopped
    python benchmarks/adaptation.py --data FOLDER --pairs dslr-webcam --methods none,mcc --seeds 1 --epochs 4

FOLDER holds `office-caltech10.zip`. Plans are those of the plan page: *Top of the network*, or another `--recipe`. A
model learns from the source's labels and the target's photos without theirs. As elsewhere in the field, it is judged by
the labels of those same photos (transductive transfer); how good it is on the target's test photos, which nothing
sees, is told beside it. Photos are not augmented, so that what is frozen is computed once for all runs.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import permutations, product
from pathlib import Path
from statistics import mean

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser
from benchmarks.probing import DOMAINS, domain
from benchmarks.report import Table, save_report
from core.backbones import BackboneCard, default_card, describe_stages, get_card
from core.datasets import Dataset, open_pixels
from core.evaluation import NUCLEAR_NORM, TARGET_ACCURACY
from core.home import Home, open_home
from core.job import EpochEnded, Job
from core.models import load_trained_model
from core.plans import ADAPTATION_METHODS, NO_AUGMENTATION, Plan, make_plan, set_epochs, set_target
from core.profiling import autotune_job
from core.training import predict_logits, train

NONE, ADABN = "none", "adabn"
METHODS = (NONE, ADABN, *ADAPTATION_METHODS)


@dataclass(frozen=True)
class Outcome:
    """One run. accuracies, nuclear_norms: after each epoch, on the target's photos that were adapted to; the first in
    percent. validation_losses: of each epoch, on the source. best: the epoch that was kept, from 1. unseen: percent of
    the target's test photos that its model names right.
    """

    pair: str
    method: str
    seed: int
    backbone: str
    recipe: str
    epochs: int
    accuracies: list[float]
    nuclear_norms: list[float]
    validation_losses: list[float]
    best: int
    unseen: float

    @property
    def accuracy(self) -> float:
        """Of the model that was kept."""
        return self.accuracies[self.best - 1]

    @property
    def nuclear_norm(self) -> float:
        """Of the model that was kept."""
        return self.nuclear_norms[self.best - 1]


def main() -> None:
    arguments = _arguments()
    home = open_home(arguments.home or tempfile.mkdtemp(prefix="graft-adaptation-"))
    card = get_card(arguments.backbone) if arguments.backbone else default_card(home)
    outcomes = list(_outcomes(home, card, arguments))
    epochs = arguments.epochs or "its own"
    note = (
        f"{card.title} at {card.input_size} pixels, {arguments.recipe}, {epochs} epochs, {arguments.seeds} seeds, "
        "no augmentation. Percent of the target's photos that the kept epoch's model names right, the mean over the "
        "seeds; their labels were not looked at. Chosen: with the highest nuclear norm of its answers; no label is "
        "asked. Best: the best epoch of the best method, by the labels. Published for Office-31, ResNet-50: "
        "source only 79.5, MMD 83.7, DANN 86.1, MCC 89.6."
    )
    methods = arguments.methods.split(",")
    columns = ("pair", *methods, "chosen", "best")
    print(
        save_report(arguments.name, Table("Adaptation to another place", columns, table_rows(outcomes, methods), note))
    )


def table_rows(outcomes: Sequence[Outcome], methods: Sequence[str]) -> list[tuple]:
    """A row per pair with the mean accuracy of each method, of the one that the nuclear norm chooses for each seed, and
    of the best epoch by the labels; then the mean over the pairs, the mean on test photos, and the worst loss against
    the source alone.
    """
    pairs = [[each for each in outcomes if each.pair == pair] for pair in dict.fromkeys(each.pair for each in outcomes)]
    values = np.array([_means(pair, methods, lambda outcome: outcome.accuracy) for pair in pairs])
    best = np.array([mean(max(max(each.accuracies) for each in seed) for seed in _by_seed(pair)) for pair in pairs])
    unseen = np.array([_means(pair, methods, lambda outcome: outcome.unseen) for pair in pairs])
    rows: list[tuple] = [
        (pair[0].pair, *_rounded([*row, most])) for pair, row, most in zip(pairs, values, best, strict=True)
    ]
    rows.append(("mean", *_rounded([*values.mean(axis=0), best.mean()])))
    rows.append(("mean, test photos", *_rounded(unseen.mean(axis=0)), ""))
    if NONE in methods:
        gains = values - values[:, [methods.index(NONE)]]
        rows.append(("least gain", *_rounded(gains.min(axis=0)), ""))
    return rows


def _means(outcomes: Sequence[Outcome], methods: Sequence[str], figure: Callable[[Outcome], float]) -> list[float]:
    """Of a pair's outcomes: the mean figure of each method, and of the one with the highest nuclear norm per seed."""
    by_method = [mean(figure(each) for each in outcomes if each.method == method) for method in methods]
    chosen = [max(seed, key=lambda outcome: outcome.nuclear_norm) for seed in _by_seed(outcomes)]
    return [*by_method, mean(map(figure, chosen))]


def _by_seed(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    return [[each for each in outcomes if each.seed == seed] for seed in {each.seed for each in outcomes}]


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 1) for value in values]


def _outcomes(home: Home, card: BackboneCard, arguments: argparse.Namespace) -> Iterable[Outcome]:
    """Runs that were done in this home are not done again."""
    file = home.root / "adaptation.jsonl"
    known = [Outcome(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    pairs = arguments.pairs.split(",") if arguments.pairs else ["-".join(two) for two in permutations(DOMAINS, 2)]
    for seed, pair, method in product(range(arguments.seeds), pairs, arguments.methods.split(",")):
        what = (pair, method, seed, card.name, arguments.recipe, arguments.epochs)
        done = next((each for each in known if astuple(each)[: len(what)] == what), None)
        if done is None:
            source, target = (domain(home, arguments.data, name) for name in pair.split("-"))
            done = Outcome(*what, *measure(home, source, target, _plan(source, target, card, what)))
            with file.open("a") as opened:
                opened.write(json.dumps(asdict(done)) + "\n")
            print(done, file=sys.stderr)
        yield done


def _plan(source: Dataset, target: Dataset, card: BackboneCard, what: tuple[str, str, int, str, str, int]) -> Plan:
    _, method, seed, _, recipe, epochs = what
    plan = make_plan(source, card, describe_stages(card), recipe)
    plan = plan.model_copy(update={"seed": seed, "augmentation": NO_AUGMENTATION})
    plan = set_epochs(plan, epochs) if epochs else plan
    if method in ADAPTATION_METHODS:
        return set_target(plan, target.id, target.version, method)
    # The source alone looks at the target's photos, too, to be judged alike: what they say counts nothing.
    watching = set_target(plan, target.id, target.version, "mcc")
    objectives = tuple(
        each.model_copy(update={"weight": 0.0}) if each.kind == "mcc" else each for each in watching.objectives
    )
    return watching.model_copy(update={"objectives": objectives, "adaptive_batch_norm": method == ADABN})


def measure(
    home: Home, source: Dataset, target: Dataset, plan: Plan
) -> tuple[list[float], list[float], list[float], int, float]:
    """What an outcome tells of its run."""
    [task], rows = plan.tasks, target.indices("test")
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        job = autotune_job(Job(plan, {"source": source, "target": target}, home, Path(folder)))
        ended = [event for event in train(job) if isinstance(event, EpochEnded)]
        model = load_trained_model(home, plan, source.tasks, job.folder, "best")
    answers = predict_logits(model, open_pixels(home, target, plan.image_size), rows)[task].argmax(axis=1)
    place = {name: number for number, name in enumerate(source.task(task).classes)}
    meant = np.array([place.get(name, -1) for name in target.task(task).classes])
    right = answers == meant[target.labels(target.task(task))[rows]]
    return (
        [100 * event.target[f"{task}/{TARGET_ACCURACY}"] for event in ended],
        [event.target[f"{task}/{NUCLEAR_NORM}"] for event in ended],
        [event.scores[task].validation_loss for event in ended],
        max(event.epoch for event in ended if event.best),
        100 * float(right.mean()),
    )


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "adaptation")
    parser.add_argument("--data", type=Path, required=True, help="a folder with office-caltech10.zip")
    parser.add_argument("--home", help="where photos and finished runs are kept; a temporary folder if left out")
    parser.add_argument("--backbone", default="", help="Graft's default if left out")
    parser.add_argument("--pairs", default="", help="such as dslr-webcam,webcam-amazon; all twelve if left out")
    parser.add_argument("--methods", default=",".join(METHODS), help="some of " + ", ".join(METHODS))
    parser.add_argument("--recipe", default="top", help="how much of the network learns, as of `graft train`")
    parser.add_argument("--epochs", type=int, default=0, help="in all; the recipe's own if left out")
    parser.add_argument("--seeds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
