"""Whether a starter should have a teacher: at which photo size the teacher sees best, and what it is worth."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from timm.data import ImageNetInfo

from benchmarks.probing import Subject, clothing, probe_accuracy
from core.backbones import get_card
from core.datasets import Dataset
from core.home import Home, write_json
from core.job import Job
from core.plans import BackboneChoice, Teacher
from core.profiling import autotune_job
from core.training import train
from tools.starters.cards import stock_network
from tools.starters.data import classes_in_order
from tools.starters.held_out import photos, plain_network, predict_logits, top1_top5
from tools.starters.pretraining import held_out_accuracy
from tools.starters.recipes import SUPERVISIONS, Recipe, plan_of

TEACHER = "mobilenetv2_100"
SIZES = (96, 112, 128, 144, 160)
EVERY = 40  # of the 25,000 photos of the first zip: enough to tell the sizes apart
PROBE_SIZES = (64, 96)


def teacher_of(file: Path, image_size: int, views: int) -> Teacher:
    return Teacher(
        backbone=BackboneChoice(name=TEACHER, weights="file", file=str(file.resolve())),
        image_size=image_size,
        views=views,
    )


def accuracy_by_size(data: Path, file: Path) -> dict[int, float]:
    """Percent of training photos that the teacher names right among the 200 classes, by the size it is shown."""
    pictures, labels = photos(data, "train-0.zip", EVERY)
    places = _places(data)
    network, known = plain_network(TEACHER, file, classes=1_000), get_card(TEACHER)
    found = {}
    for size in SIZES:
        logits = predict_logits(network, pictures, size, known.mean, known.std)
        found[size] = top1_top5(logits[:, places], labels)[0]
    return found


def _places(data: Path) -> list[int]:
    """Where the 200 classes are among ImageNet's 1,000."""
    wnids = ImageNetInfo("imagenet-1k").label_names()
    with (data / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [wnids.index(row["wnid"]) for row in csv.DictReader(file)]


def compare(
    recipe: Recipe, home: Home, dataset: Dataset, data: Path, photos_of: Path, folder: Path, teacher: Teacher
) -> list[dict[str, Any]]:
    """Labels only, the teacher's answers, its features, and both, with the recipe's first stretch each; resumable.

    photos_of: the folder with clothing-small.zip, on whose validation photos transfer is judged.
    """
    found = []
    for way in SUPERVISIONS:
        plan = plan_of(recipe, recipe.with_supervision(way).stretches[0], dataset, teacher)
        job = Job(plan, {"source": dataset}, home, folder / way)
        for _ in train(autotune_job(job)):
            pass
        found.append(_evaluate(recipe, job, way, home, data, photos_of))
        write_json(folder / "compared.json", found)
        print(json.dumps(found[-1]), flush=True)
    return found


def _evaluate(recipe: Recipe, job: Job, way: str, home: Home, data: Path, photos_of: Path) -> dict[str, Any]:
    top1, top5 = held_out_accuracy(job)
    file = job.folder / "network.safetensors"
    network = stock_network(recipe, job, classes_in_order(data))
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, file)
    facts = {"way": way, "epochs": job.plan.epochs, "top1": top1, "top5": top5}
    others = clothing(home, photos_of)
    for size in PROBE_SIZES:
        found = probe_accuracy(home, Subject(recipe.architecture, way, size, file), others)
        facts |= {f"clothing, 10 per class, {size} px": found.few, f"clothing, all, {size} px": found.all}
    return facts


def first_stretch_only(recipe: Recipe, epochs: int) -> Recipe:
    """Its first stretch alone, with so many epochs."""
    return replace(recipe.with_epochs(epochs), stretches=recipe.with_epochs(epochs).stretches[:1])
