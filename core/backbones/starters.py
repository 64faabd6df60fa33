"""The backbones that come with Graft: every JSON card in `assets/weights`, with its weights beside it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.backbones.backbone import BackboneCard
from core.errors import BadWeights

FOLDER = Path(__file__).parents[2] / "assets" / "weights"


@dataclass(frozen=True)
class Starter:
    """A card, the file it speaks of, and the sum that proves the file is the one it speaks of.

    sizes: image sides in pixels at which it is of use, as measured; the best one is `card.input_size`. transfer: what
    it is worth there, as measured: accuracy in percent of a linear classifier that saw ten photos per class.
    """

    card: BackboneCard
    file: Path
    sha256: str
    sizes: tuple[int, ...]
    transfer: float


@cache
def list_starters(folder: Path = FOLDER) -> tuple[Starter, ...]:
    """All starters, the one that transfers best first: new plans begin with it."""
    return tuple(sorted(map(_read, sorted(folder.glob("*.json"))), key=lambda s: s.transfer, reverse=True))


def find_starter(name: str, folder: Path = FOLDER) -> Starter | None:
    return next((s for s in list_starters(folder) if s.card.name == name), None)


def verify_starter(starter: Starter) -> None:
    """Raises BadWeights when the file is missing or is not, byte for byte, the one its card speaks of."""
    if not starter.file.is_file() or hashlib.sha256(starter.file.read_bytes()).hexdigest() != starter.sha256:
        raise BadWeights(
            f'The file "{starter.file.name}" that comes with Graft is missing or damaged.',
            "Install Graft again, or choose another backbone.",
        )


def _read(path: Path) -> Starter:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    file = path.with_name(facts["file"])
    card = BackboneCard(
        name=facts["name"],
        title=facts["title"],
        sentence=facts["sentence"],
        architecture=facts["architecture"],
        source="starter",
        family=facts["family"],
        parameters=facts["parameters"],
        input_size=facts["input_size"],
        licence=facts["licence"],
        weights_bytes=file.stat().st_size if file.is_file() else 0,
        origin=facts["origin"],
        gmacs=facts["gmacs"],
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        interpolation=facts["interpolation"],
        gallery=True,
    )
    transfer = facts["transfer"]["ten_photos_per_class"][str(card.input_size)]
    return Starter(card, file, facts["sha256"], tuple(facts["sizes"]), transfer)
