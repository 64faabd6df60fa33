"""Train the backbones that come with Graft, one command each; broken off anywhere, the same command goes on.

python -m tools.pretrain_starters small --data DATA --work FOLDER             train it
python -m tools.pretrain_starters small card --data DATA --work FOLDER        weights and card of it
python -m tools.pretrain_starters small teacher --data DATA --work FOLDER     the best size for its teacher
python -m tools.pretrain_starters small compare --data DATA --work FOLDER     what a teacher is worth to it

DATA is the folder with tiny-imagenet-200, clothing-small.zip and weights (CONTRIBUTING.md says what they are).
FOLDER/home holds the decoded photos (2 GB), FOLDER/<starter> the checkpoints and log.jsonl, a line per epoch. It runs
on whatever device Graft chooses; --epochs 100 is the longer recipe, for a graphics card. The recipes are in
tools/starters/recipes.py. A finished starter is moved into the program by copying its two files to assets/weights.
"""

import argparse
import json
from pathlib import Path

import torch

from core.datasets import Dataset
from core.home import Home, open_home
from core.plans import Teacher
from tools.starters.cards import choose_size, write_starter
from tools.starters.data import imported
from tools.starters.pretraining import jobs_of, last_trained, pretrain
from tools.starters.recipes import RECIPES, WAYS, Recipe, recipe
from tools.starters.teaching import TEACHER, accuracy_by_size, briefly, compare, teacher_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starter", choices=[each.key for each in RECIPES])
    parser.add_argument("action", nargs="?", default="train", choices=["train", "card", "teacher", "compare"])
    parser.add_argument("--data", type=Path, required=True, help="the folder with the photos and weights")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints and the log lie")
    parser.add_argument("--epochs", type=int, help="of the first stretch, in place of the recipe's")
    parser.add_argument("--teach", choices=WAYS, help="what there is to learn from, in place of the recipe's")
    parser.add_argument("--teacher-size", type=int, default=128, help="of the photos that the teacher is shown")
    parser.add_argument("--views", type=int, default=4, help="of each photo, where there is a teacher")
    parser.add_argument(
        "--threads",
        type=int,
        help="of the processor, in place of all; what was begun or measured in FOLDER before keeps its own number",
    )
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    made = recipe(given.starter)
    if given.teach:
        made = made.taught(given.teach)
    if given.epochs:
        made = made.lasting(given.epochs)
    if given.action == "teacher":
        print(json.dumps(accuracy_by_size(_tiny(given), _weights(given)), indent=1))
        return
    home = open_home(given.work / "home")
    print("Taking in the photos", flush=True)
    dataset = imported(home, _tiny(given))
    {"train": _train, "card": _card, "compare": _compare}[given.action](given, made, home, dataset)


def _train(given: argparse.Namespace, made: Recipe, home: Home, dataset: Dataset) -> None:
    pretrain(made, home, dataset, given.work / made.key, _teacher(given))


def _card(given: argparse.Namespace, made: Recipe, home: Home, dataset: Dataset) -> None:
    job, before = last_trained(jobs_of(made, home, dataset, given.work / made.key, _teacher(given)))
    written = write_starter(made, job, before, _tiny(given), given.work / made.key, _command(given))
    print(json.dumps(choose_size(home, given.data, written), indent=1))
    print(written)


def _compare(given: argparse.Namespace, made: Recipe, home: Home, dataset: Dataset) -> None:
    short = briefly(made, made.stretches[0].epochs)
    compare(short, home, dataset, _tiny(given), given.data, given.work / made.key / "compared", _teacher(given))


def _command(given: argparse.Namespace) -> str:
    """By which it was trained, but for the folders."""
    chosen = {"--epochs": given.epochs, "--teach": given.teach, "--teacher-size": given.teacher_size}
    options = [f"{name} {value}" for name, value in {**chosen, "--views": given.views}.items() if value is not None]
    return " ".join(["python -m tools.pretrain_starters", given.starter, *options])


def _teacher(given: argparse.Namespace) -> Teacher:
    return teacher_of(_weights(given), given.teacher_size, given.views)


def _tiny(given: argparse.Namespace) -> Path:
    return given.data / "tiny-imagenet-200"


def _weights(given: argparse.Namespace) -> Path:
    return given.data / "weights" / f"{TEACHER}.safetensors"


if __name__ == "__main__":
    main()
