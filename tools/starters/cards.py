"""A trained starter as it lies in assets/weights: its weights in 16 bits, and a card that says what it is and can."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import timm
from safetensors.torch import save_file
from torch import nn

from benchmarks.probing import CLOTHING, Subject, clothing, drawn, features, linear
from core.backbones import card, stages
from core.backbones.facts import config_of
from core.backbones.fitting import classifiers_of
from core.home import Home, write_json
from core.plans import Teacher
from core.training import Job, load_trained
from tools.backbone_facts import gmacs
from tools.starters.data import classes_in_order
from tools.starters.held_out import EVERY, accuracies, answers, photos, plain_network
from tools.starters.recipes import SEED, SMOOTHING, WAYS, Recipe

SIZES = (64, 96, 128, 160)
FEW = 10  # photos per class in the comparison of sizes
DRAWS = (0, 1, 2)
CLASSES = 200
LICENCE = "Apache-2.0; its training photos are for non-commercial use"


def write_starter(recipe: Recipe, job: Job, data: Path, target: Path) -> Path:
    """Write <name>.safetensors and <name>.json of a finished training. data: Tiny-ImageNet's folder. Gives the card."""
    network = stock_network(recipe, job, classes_in_order(data))
    file = target / f"{recipe.name}.safetensors"
    tensors = {name: value.contiguous() for name, value in network.half().state_dict().items()}
    save_file(tensors, file)
    facts = {**_identity(recipe, file), **_training(recipe, job)}
    facts["hold_out"] = _hold_out(recipe, file, data, job.plan.image_size, _epochs(job)[-1])
    if compared := _compared(target / "compared" / "compared.json"):
        facts["teachers_compared"] = compared
    written = target / f"{recipe.name}.json"
    write_json(written, facts)
    return written


def stock_network(recipe: Recipe, job: Job, classes: list[str]) -> nn.Module:
    """timm's own network with the run's last weights; its answers in the order of `classes`."""
    task = job.dataset.tasks[0]
    model = load_trained(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    order = np.array([task.classes.index(name) for name in classes])
    (classifier,) = classifiers_of(recipe.architecture)
    head = {f"{classifier}.{name}": value[order] for name, value in model.heads[0].state_dict().items()}
    network = timm.create_model(recipe.architecture, num_classes=len(classes))
    network.load_state_dict(model.backbone.state_dict() | head, strict=True)
    return network.eval()


def _identity(recipe: Recipe, file: Path) -> dict[str, Any]:
    known = card(recipe.architecture)
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
        "parameters": sum(stage.parameters for stage in stages(body)),
        "gmacs": gmacs(recipe.architecture, 64, config_of(recipe.architecture).fixed_input_size),
        "input_size": 64,
        "sizes": list(SIZES),
        "mean": list(known.mean),
        "std": list(known.std),
        "interpolation": known.interpolation,
        "licence": LICENCE,
        "origin": "Trained for Graft on the 100,000 photos of Tiny-ImageNet-200 at 64 pixels, a part of ImageNet, "
        "whose terms allow non-commercial research and education.",
    }


def _compared(file: Path) -> dict[str, Any] | None:
    """What a teacher was worth, where it was tried (`teaching.compare`)."""
    if not file.exists():
        return None
    return {
        "what": "The same starter taught in four ways with one budget: percent of Tiny-ImageNet's held-out photos "
        f"(top1, top5), and of {CLOTHING}'s validation photos by a linear classifier on its features",
        "rows": json.loads(file.read_text(encoding="utf-8")),
    }


def _training(recipe: Recipe, job: Job) -> dict[str, Any]:
    """In words, and in numbers as the log gives them: what ran, which may be less than the recipe."""
    epochs = _epochs(job)
    hours = sum(epoch["seconds"] for epoch in epochs) / 3600
    optimiser, first = recipe.optimiser, recipe.stretches[0].augmentation
    parts = [
        ", then ".join(_stretches(epochs)),
        f"batch {recipe.batch_size}",
        f"{'AdamW' if optimiser.kind == 'adamw' else 'SGD'} with weight decay {optimiser.weight_decay:g}",
        "warm-up and cosine",
        f"label smoothing {SMOOTHING:g}",
        *([f"cutmix on {first.cutmix:.0%} of the batches"] if first.cutmix else []),
        f"average of weights {optimiser.average:g}",
        f"seed {SEED}",
        f"{hours:.1f} hours",
    ]
    return {
        "training": ", ".join(parts) + ".",
        "teacher": taught_by(job.plan.teacher),
        "recipe": f"python -m tools.pretrain_starters {recipe.key}",
        "epochs": len(epochs),
        "hours": round(hours, 2),
        "images_per_second": round(float(np.median([epoch["images_per_second"] for epoch in epochs]))),
        "seed": SEED,
    }


def taught_by(teacher: Teacher | None) -> str:
    """In words; "" without one."""
    if not teacher or not teacher.backbone:
        return ""
    return (
        f"{teacher.backbone.name} with ImageNet weights, shown {teacher.views} fixed views of each photo "
        f"at {teacher.image_size} pixels"
    )


def _stretches(epochs: list[dict[str, Any]]) -> Iterator[str]:
    """Each in words; an epoch numbered 1 begins one."""
    begins = [place for place, epoch in enumerate(epochs) if epoch["epoch"] == 1]
    for begin, end in zip(begins, [*begins[1:], len(epochs)], strict=True):
        ran, last = epochs[begin:end], epochs[end - 1]
        unfinished = f" of {last['of']}" if last["epoch"] < last["of"] else ""
        peak, learned = max(epoch["rate"] for epoch in ran), WAYS[last["way"]].words
        yield f"{last['epoch']}{unfinished} epochs at {last['size']} pixels by {learned}, from a rate of {peak:.1g}"


def _epochs(job: Job) -> list[dict[str, Any]]:
    """What was logged of them, over all stretches up to the job's."""
    lines = (job.folder.parent / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _hold_out(recipe: Recipe, file: Path, data: Path, size: int, last: dict[str, Any]) -> dict[str, Any]:
    """last: the log's line of the last epoch, whose accuracy is of the middle of each photo, as Graft judges."""
    return hold_out(recipe.architecture, file, data, size) | {
        "what": "The 10,000 photos of Tiny-ImageNet-200's validation split, 200 classes, each whole at "
        f"{size} pixels by plain timm; as_graft_crops: the middle of each enlarged photo, as Graft looks at it",
        "as_graft_crops": {"top1": last["top1"], "top5": last["top5"]},
    }


def hold_out(architecture: str, file: Path, data: Path, size: int) -> dict[str, Any]:
    """Accuracy on all held-out photos, and on every tenth, which is what the tests can afford."""
    known = card(architecture)
    pictures, labels = photos(data)
    logits = answers(plain_network(architecture, file, CLASSES), pictures, size, known.mean, known.std)
    (top1, top5), (few1, few5) = (accuracies(logits[::step], labels[::step]) for step in (1, EVERY))
    return {"size": size, "top1": top1, "top5": top5, "every_tenth": {"top1": few1, "top5": few5}}


def choose_size(home: Home, photos_of: Path, written: Path) -> dict[str, Any]:
    """Compare photo sizes on clothing's validation photos, and write the choice into the card at `written`.

    photos_of: the folder with clothing-small.zip. The best size is the one with the higher mean of both accuracies.
    """
    facts = json.loads(written.read_text(encoding="utf-8"))
    dataset, file = clothing(home, photos_of), written.with_name(facts["file"])
    whole, few = {}, {}
    for size in SIZES:
        values = features(home, Subject(facts["architecture"], facts["title"], size, file), dataset, "pretrained")
        shots = [linear(values, dataset, drawn(dataset, FEW, draw), "validation").mean() for draw in DRAWS]
        whole[str(size)] = _percent(linear(values, dataset, dataset.indices("train"), "validation").mean())
        few[str(size)] = _percent(np.mean(shots))
    facts["transfer"] = {
        "what": f"Frozen features and logistic regression on {CLOTHING}, ten kinds, 341 validation photos "
        "(standard error about 2.4)",
        "all_3068_photos": whole,
        "ten_photos_per_class": few,
    }
    facts["input_size"] = max(SIZES, key=lambda size: whole[str(size)] + few[str(size)])
    write_json(written, facts)
    return facts["transfer"] | {"input_size": facts["input_size"]}


def _percent(share: float) -> float:
    return round(100 * float(share), 1)
