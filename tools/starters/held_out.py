"""Tiny-ImageNet's photos read with Pillow alone and named by a plain timm network: a check that owes Graft nothing."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

EVERY = 10  # of the 10,000 held-out photos, for the check that is part of the tests
BATCH = 250


def photos(folder: Path, archive: str = "val.zip", stride: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [photos, 64, 64, 3] and class numbers [photos], every so-manieth of the archive by name.

    folder: with the zips and labels.csv, whose order of classes is that of a starter's answers.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        number = {row["folder"]: place for place, row in enumerate(csv.DictReader(file))}
    with zipfile.ZipFile(folder / archive) as opened:
        names = sorted(name for name in opened.namelist() if name.endswith(".webp"))[::stride]
        pictures = [np.asarray(Image.open(io.BytesIO(opened.read(name))).convert("RGB")) for name in names]
    return np.stack(pictures), np.array([number[name.split("/")[0]] for name in names])


def plain_network(architecture: str, file: Path, classes: int = 200) -> nn.Module:
    """The stock network of timm with exactly the tensors of the file, in 32 bits."""
    network = timm.create_model(architecture, num_classes=classes)
    network.load_state_dict({name: value.float() for name, value in load_file(file).items()}, strict=True)
    return network.eval()


@torch.no_grad()
def predict_logits(
    network: nn.Module, pictures: np.ndarray, size: int, mean: Sequence[float], std: Sequence[float]
) -> np.ndarray:
    """Logits float32 [photos, classes] of whole photos at a size. pictures: uint8 [photos, height, width, 3]."""
    starts = range(0, len(pictures), BATCH)
    return np.concatenate(
        [network(normalised(pictures[start : start + BATCH], mean, std, size)).numpy() for start in starts]
    )


def normalised(pictures: np.ndarray, mean: Sequence[float], std: Sequence[float], size: int | None = None) -> Tensor:
    """float32 [photos, 3, size, size] of whole square photos, uint8 [photos, side, side, 3]; size: theirs if None."""
    images = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float()
    if size and images.shape[-1] != size:
        images = functional.interpolate(images, (size, size), mode="bicubic", antialias=True).clamp(0, 255)
    m, s = (255 * torch.tensor(each).view(1, 3, 1, 1) for each in (mean, std))
    return (images - m) / s


def top1_top5(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Top-1 and top-5 in percent. logits: [photos, classes]. labels: int64 [photos]."""
    best = np.argsort(-logits, axis=1)[:, :5]
    right = best == labels[:, None]
    return round(100 * float(right[:, 0].mean()), 2), round(100 * float(right.any(axis=1).mean()), 2)
