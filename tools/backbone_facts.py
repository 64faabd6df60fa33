"""Write core/backbones/facts.csv: what is known of each of timm's pretrained models without downloading it.

    python tools/backbone_facts.py RESULTS    # the folder `results` of the repository huggingface/pytorch-image-models

Every architecture is built once on the meta device (no numbers, no memory), which takes some ten minutes in all.
What each column means stands in core/backbones/facts.py. Models that cannot be built or run are left out and named.
"""

import csv
import logging
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import get_pretrained_cfg, list_pretrained
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core.backbones import FACTS_COLUMNS, FACTS_TABLE, coarsest_stride, fingerprint, num_features


def build(architecture: str, **settings: Any) -> nn.Module:
    """Without gradients, which the counter of multiply-adds stumbles over."""
    with torch.device("meta"):
        return timm.create_model(architecture, **settings).eval().requires_grad_(False)


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def run(model: nn.Module, side: int) -> tuple[int, ...]:
    with torch.device("meta"):
        return tuple(model(torch.empty(1, 3, side, side)).shape)


@cache
def architecture_facts(architecture: str) -> dict[str, object]:
    """The columns that are the same whatever the weights."""
    model = build(architecture, num_classes=0)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return {
        "parameters": count_parameters(model),
        "step": coarsest_stride(model),
        "fingerprint": fingerprint(shapes),
    }


@cache
def file_parameters(architecture: str, classes: int) -> int:
    return count_parameters(build(architecture, num_classes=classes))


@cache
def gmacs(architecture: str, side: int, fixed: bool) -> float:
    """Billions of multiply-adds for one photo. Raises ValueError unless it gives one row of features for a photo."""
    model = build(architecture, num_classes=0, **({"img_size": side} if fixed else {}))
    counter = FlopCounterMode(display=False)
    with counter:
        shape = run(model, side)
    if shape != (1, num_features(model)):
        raise ValueError(f"it gives {shape} for a photo")
    return round(counter.get_total_flops() / 2e9, 3)


@cache
def resizes(architecture: str, side: int, step: int, fixed: bool) -> bool:
    """Whether it runs at about five eighths of its size; of those without a fixed size timm says that it does."""
    if not fixed:
        return True
    smaller = max(1, side * 5 // 8 // step) * step
    try:
        run(build(architecture, num_classes=0, img_size=smaller), smaller)
    except (TypeError, ValueError, AssertionError, RuntimeError):
        return False
    return True


def read_accuracies(file: Path) -> dict[tuple[str, int], str]:
    """(model, photo side) -> top-1 in percent."""
    with file.open(encoding="utf-8", newline="") as table:
        return {(row["model"], int(row["img_size"])): row["top1"] for row in csv.DictReader(table)}


def row_of(name: str, accuracies: dict[tuple[str, int], str]) -> dict[str, object]:
    config = get_pretrained_cfg(name)
    side, fixed = config.input_size[-1], config.fixed_input_size
    known = architecture_facts(config.architecture)
    return {
        "name": name,
        **known,
        "file_parameters": file_parameters(config.architecture, config.num_classes),
        "gmacs": gmacs(config.architecture, side, fixed),
        "resizes": int(resizes(config.architecture, side, known["step"], fixed)),
        "top1": accuracies.get((name, side), ""),
    }


def main(results: Path) -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    accuracies = read_accuracies(results / "results-imagenet.csv")
    rows = []
    for name in list_pretrained():
        try:
            rows.append(row_of(name, accuracies))
        except (AttributeError, TypeError, ValueError, RuntimeError, AssertionError) as error:
            print(f"left out: {name}: {error!r}"[:200], file=sys.stderr)
    with FACTS_TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FACTS_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
