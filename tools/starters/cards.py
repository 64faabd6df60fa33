"""A trained starter as it lies in assets/weights: its weights in 16 bits, and a card that says what it is and can."""

import hashlib
import json
import math
import os
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from benchmarks.probing import CLOTHING, Subject, clothing, probe_accuracy
from core.backbones import classifier_names, find_stages, get_card, pretrained_cfg_of
from core.datasets import center_crop, open_pixels
from core.home import Home, write_json
from core.job import Job
from core.models import load_trained_model, read_facts
from core.plans import Plan
from tools.backbone_facts import gmacs
from tools.starters.blending import blend_weights
from tools.starters.data import classes_in_order
from tools.starters.held_out import EVERY, photos, plain_network, predict_logits, top1_top5
from tools.starters.pretraining import LOG, Log
from tools.starters.recipes import SEED, SMOOTHING, SUPERVISIONS, Recipe

TRAINING_SIZE = 64
SIZES = (TRAINING_SIZE, 96, 128, 160)
CLASSES = 200
BLEND_STRIDE = 3  # of the 25,000 photos of the first zip: enough for the statistics of batch norm
LICENCE = "Apache-2.0; its training photos are for non-commercial use"


def write_starter(recipe: Recipe, job: Job, previous: Job | None, data: Path, target: Path, command: str) -> Path:
    """Write <name>.safetensors and <name>.json of what is trained so far. Gives the card.

    before: the stretch before, with which the recipe may blend. data: Tiny-ImageNet's folder. command: by which it is
    trained.
    """
    network = _network(recipe, job, previous, data)
    file = target / f"{recipe.name}.safetensors"
    tensors = {name: value.contiguous() for name, value in network.half().state_dict().items()}
    save_file(tensors, file)
    facts = {**_identity(recipe, file), **_training(recipe, job, previous), "recipe": command}
    facts["hold_out"] = _held_out_facts(recipe, file, data, job)
    if compared := _teacher_comparison(target / "compared" / "compared.json"):
        facts["teachers_compared"] = compared
    written = target / f"{recipe.name}.json"
    write_json(written, facts)
    return written


def _network(recipe: Recipe, job: Job, previous: Job | None, data: Path) -> nn.Module:
    classes = classes_in_order(data)
    network = stock_network(recipe, job, classes)
    if previous is None or recipe.blend == 1:
        return network
    pictures, _ = photos(data, "train-0.zip", BLEND_STRIDE)
    known = get_card(recipe.architecture)
    return blend_weights(
        stock_network(recipe, previous, classes), network, recipe.blend, pictures, known.mean, known.std
    )


def stock_network(recipe: Recipe, job: Job, classes: list[str]) -> nn.Module:
    """timm's own network with the run's last weights; its answers in the order of `classes`."""
    task = job.dataset.tasks[0]
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    order = np.array([task.classes.index(name) for name in classes])
    (classifier,) = classifier_names(recipe.architecture)
    head = {f"{classifier}.{name}": value[order] for name, value in model.heads[0].state_dict().items()}
    network = timm.create_model(recipe.architecture, num_classes=len(classes))
    network.load_state_dict(model.backbone.state_dict() | head, strict=True)
    return network.eval()


def _identity(recipe: Recipe, file: Path) -> dict[str, Any]:
    known = get_card(recipe.architecture)
    body = timm.create_model(recipe.architecture, num_classes=0)
    return {
        "name": recipe.name,
        "title": recipe.title,
        "sentence": recipe.sentence,
        "architecture": recipe.architecture,
        "family": recipe.family,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "precision": "fp16",
        "classes": CLASSES,
        "parameters": sum(stage.parameters for stage in find_stages(body)),
        "gmacs": gmacs(recipe.architecture, TRAINING_SIZE, pretrained_cfg_of(recipe.architecture).fixed_input_size),
        "input_size": TRAINING_SIZE,
        "sizes": list(SIZES),
        "mean": list(known.mean),
        "std": list(known.std),
        "interpolation": known.interpolation,
        "licence": LICENCE,
        "origin": "Trained for Graft on the 100,000 photos of Tiny-ImageNet-200 at 64 pixels, a part of ImageNet, "
        "whose terms allow non-commercial research and education.",
    }


def _teacher_comparison(file: Path) -> dict[str, Any] | None:
    """What a teacher was worth, where it was tried (`teacher_study.compare`)."""
    if not file.exists():
        return None
    return {
        "what": "The same starter taught in four ways with one budget: percent of Tiny-ImageNet's held-out photos "
        f"(top1, top5), and of {CLOTHING}'s validation photos by a linear classifier on its features",
        "rows": json.loads(file.read_text(encoding="utf-8")),
    }


def _training(recipe: Recipe, job: Job, previous: Job | None) -> dict[str, Any]:
    """In words, and in numbers as the log gives them: what ran, which may be less than the recipe."""
    lines = Log(job.folder.parent / LOG).lines()
    hours = sum(line["seconds"] for line in lines if "seconds" in line) / 3600
    optimizer, first = recipe.optimizer, recipe.stretches[0].augmentation
    stretches = {number: list(ran) for number, ran in groupby(lines, key=itemgetter("stretch"))}
    blends = previous is not None and recipe.blend < 1
    begun = read_facts(job.folder / "last")["position"]["batch"]
    parts = [
        ", then ".join(_in_words(ran, recipe.stretches[number].rate) for number, ran in stretches.items()),
        *(["and a part of one more epoch"] if begun else []),
        *([f"weights {recipe.blend:.0%} of the way to the last stretch's from those before it"] if blends else []),
        f"batch {recipe.batch_size}",
        f"{'AdamW' if optimizer.kind == 'adamw' else 'SGD'} with weight decay {optimizer.weight_decay:g}",
        "warm-up and cosine",
        f"label smoothing {SMOOTHING:g}",
        *([f"cutmix on {first.cutmix:.0%} of the batches"] if first.cutmix else []),
        *([f"gradients clipped to a norm of {optimizer.clip_norm:g}"] if optimizer.clip_norm else []),
        f"average of weights {optimizer.ema_decay:g}",
        f"seed {SEED}",
        f"{hours:.1f} hours of steps on {_machine()}",
    ]
    return {
        "training": ", ".join(parts) + ".",
        "teacher": teacher_in_words(job.plan),
        "epochs": sum(ran[-1]["epoch"] for ran in stretches.values()),
        "hours": round(hours, 2),
        "seed": SEED,
    }


def _machine() -> str:
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"{os.cpu_count()} processor cores, no GPU"


def teacher_in_words(plan: Plan) -> str:
    """In words; "" without a teacher."""
    if not plan.teacher or not plan.teacher.backbone:
        return ""
    return (
        f"{plan.teacher.backbone.name} with ImageNet weights, shown {plan.fixed_views} fixed views of each photo "
        f"at {plan.teacher.image_size} pixels; it may have learned from held-out photos, too"
    )


def _in_words(stretch: list[dict[str, Any]], rate: float) -> str:
    """stretch: its lines of the log. rate: at its height."""
    last = stretch[-1]
    unfinished = f" of {last['of']}" if last["epoch"] < last["of"] else ""
    supervision = SUPERVISIONS[last["way"]].words
    return f"{last['epoch']}{unfinished} epochs at {last['size']} pixels by {supervision}, from a rate of {rate:g}"


def _held_out_facts(recipe: Recipe, file: Path, data: Path, job: Job) -> dict[str, Any]:
    size, (top1, top5) = job.plan.image_size, _as_graft_crops(recipe, file, data, job)
    return held_out_accuracies(recipe.architecture, file, data, size) | {
        "what": "The 10,000 photos of Tiny-ImageNet-200's validation split, 200 classes, each whole at "
        f"{size} pixels by plain timm; as_graft_crops: the middle of each enlarged photo, as Graft looks at it",
        "as_graft_crops": {"top1": top1, "top5": top5},
    }


def _as_graft_crops(recipe: Recipe, file: Path, data: Path, job: Job) -> tuple[float, float]:
    """Top-1 and top-5 in percent of the file's network on what Graft shows of each held-out photo."""
    known, classes, size = get_card(recipe.architecture), classes_in_order(data), job.plan.image_size
    task, rows = job.dataset.tasks[0], job.dataset.indices("validation")
    pictures = center_crop(open_pixels(job.home, job.dataset, size).read(rows), size).permute(0, 2, 3, 1).numpy()
    logits = predict_logits(plain_network(recipe.architecture, file, CLASSES), pictures, size, known.mean, known.std)
    places = np.array([classes.index(name) for name in task.classes])
    return top1_top5(logits, places[job.dataset.labels(task)[rows]])


def held_out_accuracies(architecture: str, file: Path, data: Path, size: int) -> dict[str, Any]:
    """Accuracy on all held-out photos, and on every tenth, which is what the tests can afford."""
    known = get_card(architecture)
    pictures, labels = photos(data)
    logits = predict_logits(plain_network(architecture, file, CLASSES), pictures, size, known.mean, known.std)
    (top1, top5), (few1, few5) = (top1_top5(logits[::step], labels[::step]) for step in (1, EVERY))
    return {"size": size, "top1": top1, "top5": top5, "every_tenth": {"top1": few1, "top5": few5}}


def choose_size(home: Home, photos_of: Path, written: Path) -> dict[str, Any]:
    """Compare photo sizes on clothing's validation photos, and write the choice into the card at `written`.

    photos_of: the folder with clothing-small.zip. The best size is the one with the higher mean of both accuracies.
    """
    facts = json.loads(written.read_text(encoding="utf-8"))
    dataset, file = clothing(home, photos_of), written.with_name(facts["file"])
    found = {
        size: probe_accuracy(home, Subject(facts["architecture"], facts["title"], size, file), dataset)
        for size in SIZES
    }
    validation_photos = len(dataset.indices("validation"))
    figures = [figure for each in found.values() for figure in (each.all, each.few)]
    facts["transfer"] = {
        "what": f"Frozen features and logistic regression on {CLOTHING}, ten kinds: percent of its {validation_photos} "
        "validation photos, by which the size is chosen; 95 % margins of at most "
        f"{_widest_margin(figures, validation_photos):.1f} points",
        "all_photos": {str(size): each.all for size, each in found.items()},
        "ten_photos_per_class": {str(size): each.few for size, each in found.items()},
    }
    best = max(SIZES, key=lambda size: found[size].all + found[size].few)
    fixed = pretrained_cfg_of(facts["architecture"]).fixed_input_size
    facts |= {"input_size": best, "gmacs": gmacs(facts["architecture"], best, fixed)}
    write_json(written, facts)
    return facts["transfer"] | {"input_size": best}


def _widest_margin(percents: Sequence[float], photos: int) -> float:
    """The largest of the figures' 95 % margins, in points: of which photos there are to judge, alone."""
    return max(1.96 * math.sqrt(percent * (100 - percent) / photos) for percent in percents)
