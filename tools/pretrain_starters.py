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
from tools.starters.data import import_tiny_imagenet
from tools.starters.pretraining import jobs_of, last_trained_job, pretrain
from tools.starters.recipes import RECIPES, SUPERVISIONS, Recipe, recipe_by_key
from tools.starters.teacher_study import TEACHER, accuracy_by_size, compare, first_stretch_only, teacher_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starter", choices=[each.key for each in RECIPES])
    parser.add_argument("action", nargs="?", default="train", choices=["train", "card", "teacher", "compare"])
    parser.add_argument("--data", type=Path, required=True, help="the folder with the photos and weights")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints and the log lie")
    parser.add_argument("--epochs", type=int, help="of the first stretch, in place of the recipe's")
    parser.add_argument("--teach", choices=SUPERVISIONS, help="what there is to learn from, in place of the recipe's")
    parser.add_argument("--teacher-size", type=int, default=128, help="of the photos that the teacher is shown")
    parser.add_argument("--views", type=int, default=4, help="of each photo, where there is a teacher")
    parser.add_argument(
        "--threads",
        type=int,
        help="of the processor, in place of all; what was begun or measured in FOLDER before keeps its own number",
    )
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    recipe = recipe_by_key(arguments.starter)
    if arguments.teach:
        recipe = recipe.with_supervision(arguments.teach)
    if arguments.epochs:
        recipe = recipe.with_epochs(arguments.epochs)
    if arguments.action == "teacher":
        print(json.dumps(accuracy_by_size(_tiny(arguments), _weights(arguments)), indent=1))
        return
    home = open_home(arguments.work / "home")
    print("Taking in the photos", flush=True)
    dataset = import_tiny_imagenet(home, _tiny(arguments))
    {"train": _train, "card": _card, "compare": _compare}[arguments.action](arguments, recipe, home, dataset)


def _train(arguments: argparse.Namespace, recipe: Recipe, home: Home, dataset: Dataset) -> None:
    pretrain(recipe, home, dataset, arguments.work / recipe.key, _teacher(arguments))


def _card(arguments: argparse.Namespace, recipe: Recipe, home: Home, dataset: Dataset) -> None:
    job, previous = last_trained_job(jobs_of(recipe, home, dataset, arguments.work / recipe.key, _teacher(arguments)))
    written = write_starter(recipe, job, previous, _tiny(arguments), arguments.work / recipe.key, _command(arguments))
    print(json.dumps(choose_size(home, arguments.data, written), indent=1))
    print(written)


def _compare(arguments: argparse.Namespace, recipe: Recipe, home: Home, dataset: Dataset) -> None:
    short = first_stretch_only(recipe, recipe.stretches[0].epochs)
    compare(
        short,
        home,
        dataset,
        _tiny(arguments),
        arguments.data,
        arguments.work / recipe.key / "compared",
        _teacher(arguments),
    )


def _command(arguments: argparse.Namespace) -> str:
    """By which it was trained, but for the folders."""
    chosen = {"--epochs": arguments.epochs, "--teach": arguments.teach, "--teacher-size": arguments.teacher_size}
    options = [f"{name} {value}" for name, value in {**chosen, "--views": arguments.views}.items() if value is not None]
    return " ".join(["python -m tools.pretrain_starters", arguments.starter, *options])


def _teacher(arguments: argparse.Namespace) -> Teacher:
    return teacher_of(_weights(arguments), arguments.teacher_size, arguments.views)


def _tiny(arguments: argparse.Namespace) -> Path:
    return arguments.data / "tiny-imagenet-200"


def _weights(arguments: argparse.Namespace) -> Path:
    return arguments.data / "weights" / f"{TEACHER}.safetensors"


if __name__ == "__main__":
    main()
