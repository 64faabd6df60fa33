"""One zip with a trained model whole: weights, labels, how photos are seen, the plan, a card, and `predict.py`."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from safetensors.torch import save as to_safetensors
from torch import Tensor

from core.backbones import BackboneCard, get_card
from core.datasets import Task, store_side
from core.errors import BadInput
from core.exports.export import Export
from core.exports.model_card import model_card
from core.exports.predictor import Predictor, load_predictor
from core.home import Home, whole_file
from core.runs import Run, get_run

# By kind of label, the script that predicts without Graft.
TEMPLATES = {"classes": Path(__file__).with_name("predict_template.py")}
FILES = {
    "model.safetensors": "all weights: the backbone by timm's names, then `heads.0.weight`, `heads.0.bias`, ...; where "
    "neighbours vote, their features and labels",
    "model.json": "what `timm.create_model` has to be told; it gives the features that each head reads",
    "labels.json": "for each head its task and classes, in order",
    "preprocessing.json": "how a photo becomes numbers, step by step",
    "plan.json": "how it was trained, for Graft",
    "predict.py": "all of the above, put together: short, and free to copy from",
}
STEPS = (
    "Decode; a JPEG much larger than needed at a half, a quarter or an eighth of its size, but at no less than twice "
    "resize_to (Pillow's draft).",
    "Turn it the way its EXIF orientation says.",
    "Make it RGB: transparent parts white, grey of 16 bits scaled to 8.",
    "Take the largest centred square; where its side is still 4 x resize_to or more, average it down by the largest "
    "whole number that leaves 2 x resize_to (Pillow's reduce).",
    "Resize it to resize_to x resize_to pixels (torch's interpolate on uint8: bicubic, antialiased).",
    "Take the centred square of image_size x image_size pixels.",
    "Divide by 255, subtract mean, divide by std, per colour.",
)


def export_zip(home: Home, run_id: str, target: Path) -> Path:
    """Write the take-home zip of a run's best model to `target`, whole; gives `target` back.

    Raises NotFound when there is no such run or it has no model yet, BadInput (no file can be there), DiskFull.
    """
    if os.path.isdir(target):  # which no name is too long for
        raise BadInput(f'"{target}" is a folder.', "Name a file in it, ending in .zip.")
    run = get_run(home, run_id)
    trained = load_predictor(home, run.id, device="cpu")
    backbone_card = get_card(run.plan.backbone.name)
    texts = {
        "README.md": model_card(home, run, FILES),
        "predict.py": template_for(trained.tasks).read_text(encoding="utf-8"),
        "model.json": as_json(model_facts(trained, backbone_card)),
        "labels.json": as_json(label_facts(trained.tasks)),
        "preprocessing.json": as_json(preprocessing_facts(run.plan.image_size, backbone_card)),
        "plan.json": run.plan.model_dump_json(indent=1),
    }
    try:
        _write(target, texts, to_safetensors(plain_tensors(trained)))
    except OSError as error:
        raise BadInput(f'"{target}" cannot be written: {error.strerror}.', "Choose another place.") from error
    return target


def _write(target: Path, texts: dict[str, str], weights: bytes) -> None:
    with whole_file(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        # Weights are noise to a compressor: packing them would take seconds and save a few per cent.
        archive.writestr("model.safetensors", weights, zipfile.ZIP_STORED)


def plain_tensors(trained: Predictor) -> dict[str, Tensor]:
    """The backbone's tensors by timm's own names, the heads' as heads.0.weight, heads.0.bias, ..."""
    tensors = {name.removeprefix("backbone."): value for name, value in trained.model.state_dict().items()}
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def model_facts(trained: Predictor, backbone_card: BackboneCard) -> dict[str, Any]:
    """The architecture's name and arguments for `timm.create_model`, the weights file and the heads, as JSON."""
    arguments: dict[str, Any] = {"num_classes": 0}
    if trained.model.backbone.pretrained_cfg.get("fixed_input_size"):  # type: ignore[union-attr, operator]
        arguments["img_size"] = trained.plan.image_size
    return {
        "name": backbone_card.timm_name,
        "arguments": arguments,
        "weights": "model.safetensors",
        "heads": [f"heads.{number}" for number in range(len(trained.tasks))],
    }


def template_for(tasks: tuple[Task, ...]) -> Path:
    """The script that decodes these tasks. Raises BadInput where none does."""
    kinds = {task.kind for task in tasks}
    if len(kinds) > 1 or not kinds <= TEMPLATES.keys():
        raise BadInput(
            f"No predict.py is written yet for labels of the kind {' and '.join(sorted(kinds))}.",
            "Use graft predict on this computer.",
        )
    return TEMPLATES[kinds.pop()]


def label_facts(tasks: tuple[Task, ...]) -> dict[str, Any]:
    """One task per head, its classes in the order of the head's answers."""
    return {"tasks": [{"name": task.name, "classes": list(task.classes)} for task in tasks]}


def preprocessing_facts(image_size: int, backbone_card: BackboneCard) -> dict[str, Any]:
    """How a photo becomes numbers, for programs and in words."""
    return {
        "image_size": image_size,
        "resize_to": store_side(image_size),
        "interpolation": "bicubic",
        "mean": list(backbone_card.mean),
        "std": list(backbone_card.std),
        "colours": "RGB",
        "steps": list(STEPS),
    }


def as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write_run(home: Home, run: Run, target: Path) -> Path:
    return export_zip(home, run.id, target)


TAKE_HOME = Export(
    id="python-zip",
    title="Zip for Python",
    sentence="weights, labels, the plan, a model card, and a script that gives the same answers without Graft",
    suffix=".zip",
    write=_write_run,
    files=FILES,
)
