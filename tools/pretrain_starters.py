"""Train the backbones that come with Graft, one command each; broken off anywhere, the same command goes on.

python -m tools.pretrain_starters small --data ../shared/data/tiny-imagenet-200 --work FOLDER

FOLDER/home holds the decoded photos (2 GB), FOLDER/<starter> the checkpoints and log.jsonl, a line per epoch. It runs
on whatever device Graft chooses. Recipes: tools/starters/recipes.py.
"""

import argparse
from pathlib import Path

import torch

from core.home import open_home
from tools.starters.data import imported
from tools.starters.pretraining import pretrain
from tools.starters.recipes import RECIPES, recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("starter", choices=[each.key for each in RECIPES])
    parser.add_argument("--data", type=Path, required=True, help="the folder of Tiny-ImageNet-200 with its zips")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints and the log lie")
    parser.add_argument("--epochs", type=int, help="of the first stretch, in place of the recipe's")
    parser.add_argument("--threads", type=int, help="of the processor, in place of all")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    made = recipe(options.starter)
    if options.epochs:
        made = made.lasting(options.epochs)
    home = open_home(options.work / "home")
    print("Taking in the photos", flush=True)
    dataset = imported(home, options.data)
    pretrain(made, home, dataset, options.work / made.key)


if __name__ == "__main__":
    main()
