"""A backbone as a network that turns photos into features."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

import timm
import torch
from torch import Tensor, nn

from core.backbones.backbone import BackboneCard
from core.backbones.cards import get_card as card_of
from core.backbones.cards import image_size_multiple
from core.backbones.drop_path import with_seeded_drop_path
from core.backbones.facts import pretrained_cfg_of
from core.backbones.weights import weights_file
from core.backbones.weights_check import check_weights_fit, classes_in, shapes_in
from core.errors import BadInput
from core.home import Home


class Choice(Protocol):
    """What is read of a plan's `BackboneChoice`, which lies a room above."""

    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> Literal["pretrained", "random", "file"]: ...
    @property
    def file(self) -> str | None: ...


def build_backbone(home: Home, choice: Choice, image_size: int | None = None, drop_path: float = 0.0) -> nn.Module:
    """The backbone that a plan chose, for photos [batch, 3, image_size, image_size], giving [batch, features].

    drop_path: the probability with which its last residual branch is left out; only where `has_drop_path`.
    Its classifier is gone (`num_classes=0`). Random weights come from torch's generator: seed it first.
    Never touches the network. Raises NotFound (no such backbone, weights not downloaded), BadWeights, BadInput (a photo
    size at which it does not work).
    """
    card = card_of(choice.name)
    settings = _size_settings(card, image_size or card.input_size)
    if drop_path:
        settings["drop_path_rate"] = drop_path
    if choice.weights == "random":
        network = timm.create_model(card.architecture, num_classes=0, **settings)
    else:
        network = _from_file(card, _file_of(home, choice, card), num_classes=0, **settings)
    return with_seeded_drop_path(network) if drop_path else network


def build_with_classifier(home: Home, choice: Choice, image_size: int | None = None) -> nn.Module:
    """Build a backbone with the classifier that its weights were trained with, giving [batch, classes]: a teacher.

    Raises what `build_backbone` does, and BadWeights for a file without a classifier.
    """
    card = card_of(choice.name)
    file = _file_of(home, choice, card)
    classes = classes_in(file, card.architecture)
    return _from_file(card, file, num_classes=classes, **_size_settings(card, image_size or card.input_size))


def check_has_classifier(home: Home, choice: Choice, card: BackboneCard) -> None:
    """Raises NotFound where its weights are not here, and BadWeights where they have no classifier."""
    classes_in(_file_of(home, choice, card), card.architecture)


def _file_of(home: Home, choice: Choice, card: BackboneCard) -> Path:
    if choice.weights == "file":
        file = Path(os.path.expanduser(choice.file or ""))
        check_weights_fit(file, card.architecture)
        return file
    file = weights_file(home, card)
    shapes_in(file)  # cut off or damaged: said in words before timm trips over it
    return file


def _from_file(card: BackboneCard, file: Path, **settings: Any) -> nn.Module:
    classes = {"num_classes": settings["num_classes"]} if settings["num_classes"] else {}  # else timm makes a new one
    # `custom_load` is for weights in another format than timm's.
    from_file = {"file": str(file), "custom_load": False, **classes}
    return timm.create_model(card.timm_name, pretrained=True, pretrained_cfg_overlay=from_file, **settings)


class Normalize(nn.Module):
    """Pixels from 0 to 255 as a backbone was trained on them: (pixels - mean) / std, [batch, 3, height, width].

    Mean and standard deviation belong to the card, so they are no part of a state dict.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, card: BackboneCard) -> None:
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(card.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(card.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        # In place: memory for another batch of pixels costs as much as the division itself.
        return (pixels - self.mean).div_(self.std)


def num_features(model: Any) -> int:
    """How many numbers the backbone gives for a photo."""
    return int(getattr(model, "head_hidden_size", None) or model.num_features)


@cache
def architecture_features(architecture: str) -> int:
    """How many numbers an architecture of timm gives for a photo; its weights are neither needed nor made."""
    with torch.device("meta"):
        return num_features(timm.create_model(architecture, num_classes=0))


def _size_settings(card: BackboneCard, image_size: int) -> dict[str, Any]:
    """The arguments of the architecture for this photo size. Raises BadInput where it can't take it."""
    config = pretrained_cfg_of(card.timm_name)
    if not config.fixed_input_size:
        return {}
    if card.fixed_size and image_size != card.input_size:
        raise BadInput(
            f"{card.title} works with photos of {card.input_size} pixels only, not {image_size}.",
            f"Set the image size to {card.input_size}, or choose another backbone.",
        )
    step = image_size_multiple(card)
    if image_size % step:
        near = max(1, round(image_size / step)) * step
        raise BadInput(
            f"{card.title} cuts photos into squares of {step} pixels, and {image_size} is no multiple of that.",
            f"Set the image size to {near}.",
        )
    return {"img_size": image_size}
