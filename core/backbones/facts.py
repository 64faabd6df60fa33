"""What is known of each of timm's pretrained models without downloading or building it.

`facts.csv` beside this file has a row per model; `tools/backbone_facts.py` writes it. Its columns:

| column | what | from |
| --- | --- | --- |
| name | the model with its tag | timm |
| parameters | numbers the backbone learns, ImageNet's classifier left out | counted on the built network |
| file_parameters | the same with the classifier: what the weights file holds | counted |
| gmacs | billions of multiply-adds for one photo at its input size | counted by `torch.utils.flop_counter` |
| step | photo sides are multiples of this many pixels | timm's `feature_info` |
| resizes | whether it works at another size than it was trained at | tried |
| fingerprint | sum of the names and shapes of its tensors (`fitting.fingerprint`) | counted |
| top1 | ImageNet-1k top-1 accuracy in percent at that size | timm's `results/results-imagenet.csv`, Apache-2.0 |
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg, get_pretrained_cfg

FACTS_TABLE = Path(__file__).with_name("facts.csv")
FACTS_COLUMNS = ("name", "parameters", "file_parameters", "gmacs", "step", "resizes", "fingerprint", "top1")


@dataclass(frozen=True)
class Facts:
    """One row; None stands for what no table gives."""

    name: str
    parameters: int
    file_parameters: int
    gmacs: float | None
    step: int
    resizes: bool
    fingerprint: str
    top1: float | None


@cache
def facts() -> dict[str, Facts]:
    """All rows by name."""
    with FACTS_TABLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: _parse(row) for row in csv.DictReader(file)}


def pretrained_cfg_of(name: str) -> PretrainedCfg:
    """What timm knows of a model that it has."""
    config = get_pretrained_cfg(name)
    assert config is not None, name
    return config


def three_channels(values: tuple[float, ...]) -> tuple[float, float, float]:
    """A mean or standard deviation of timm, which has one for each colour."""
    red, green, blue = values
    return red, green, blue


@cache
def facts_of(name: str) -> Facts:
    """The row of a model of timm; counted on the spot for one that is newer than the table."""
    return facts().get(name) or _count(name)


def _count(name: str) -> Facts:
    with torch.device("meta"):
        whole = timm.create_model(name, num_classes=pretrained_cfg_of(name).num_classes)
        body = timm.create_model(name, num_classes=0)
    return Facts(
        name=name,
        parameters=sum(p.numel() for p in body.parameters()),
        file_parameters=sum(p.numel() for p in whole.parameters()),
        gmacs=None,
        step=coarsest_stride(body),
        resizes=True,
        fingerprint="",
        top1=None,
    )


def coarsest_stride(model: Any) -> int:
    """The coarsest stride in timm's `feature_info`: photo sides are best multiples of it."""
    info = getattr(model.feature_info, "info", model.feature_info)
    return max(int(stage["reduction"]) for stage in info)


def _parse(row: dict[str, str]) -> Facts:
    return Facts(
        name=row["name"],
        parameters=int(row["parameters"]),
        file_parameters=int(row["file_parameters"]),
        gmacs=float(row["gmacs"]) if row["gmacs"] else None,
        step=int(row["step"]),
        resizes=row["resizes"] == "1",
        fingerprint=row["fingerprint"],
        top1=float(row["top1"]) if row["top1"] else None,
    )
