"""Whether a weights file belongs to an architecture, by the names and shapes in its header alone."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open
from timm.models import list_pretrained

from core.backbones.facts import facts, pretrained_cfg_of
from core.errors import BadWeights
from core.names import shorten

Shapes = Mapping[str, tuple[int, ...]]

# Tables that grow and shrink with the photo: timm resamples them when it loads, so their shape says nothing.
_OF_THE_SIZE = ("pos_embed", "relative_position", "rel_pos", "attn_mask", "attention_bias", "rope", "relative_coords")


def shapes_in(file: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a safetensors file. Raises BadWeights when it is none, or is cut off."""
    if not os.path.isfile(file):  # which no name is too long for
        raise BadWeights(f'There is no weights file "{shorten(file)}".', "Check its name.")
    try:
        with safe_open(file, "pt") as content:
            return {name: tuple(content.get_slice(name).get_shape()) for name in content.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BadWeights(
            f'The file "{file.name}" is no readable safetensors file.',
            "Save the weights with the safetensors library; files ending in .pth or .bin are not opened.",
        ) from error


@cache
def expected_shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    """What the architecture's features need, at its usual photo size, without making a single number."""
    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=0)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def check_weights_fit(file: Path, architecture: str) -> None:
    """Raises BadWeights unless the file holds all of the architecture's features; the classifier may be any or none.

    The sentence names what the weights seem to be of, where any of timm's architectures has the same names and shapes.
    """
    found, expected = shapes_in(file), expected_shapes(architecture)
    body = without_classifier(found, classifier_names(architecture))
    missing, foreign = expected.keys() - body.keys(), body.keys() - expected.keys()
    unlike = {
        name: f"{_in_words(body[name])}, not {_in_words(expected[name])}"
        for name in expected.keys() & body.keys()
        if _is_independent_of_size(name) and expected[name] != body[name]
    }
    if not missing and not foreign and not unlike:
        return
    reason = _reason(architecture_of(found), missing, foreign, unlike)
    raise BadWeights(
        f'The weights in "{file.name}" do not fit {architecture}: {reason}.',
        "Choose the backbone that they are of, or another file.",
    )


def _reason(guess: str | None, missing: set[str], foreign: set[str], unlike: dict[str, str]) -> str:
    if guess is not None:
        return f"they seem to be of {guess}"
    if missing:
        return f"{_count(missing)} missing: {_first(missing)}"
    if foreign:
        return f"{_count(foreign)} unknown to it: {_first(foreign)}"
    name = min(unlike)
    return f"{name} has the shape {unlike[name]}"


def _count(names: set[str]) -> str:
    return f"{len(names)} of its tensors {'is' if len(names) == 1 else 'are'}"


def _first(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", ..." if len(names) > 3 else "")


def _in_words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def architecture_of(shapes: Shapes) -> str | None:
    """The architecture of timm that has exactly these tensors, its classifier left out or not; None for none."""
    bodies = (without_classifier(shapes, names) for names in _classifiers())
    return next((known for body in bodies if (known := _by_fingerprint().get(fingerprint(body)))), None)


def fingerprint(shapes: Shapes) -> str:
    """A short sum of names and shapes, the same at every photo size."""
    shapes_in_words = sorted(f"{name}{list(shape)}" for name, shape in shapes.items() if _is_independent_of_size(name))
    return hashlib.sha256("\n".join(shapes_in_words).encode()).hexdigest()[:12]


def without_classifier(shapes: Shapes, classifiers: Iterable[str]) -> dict[str, tuple[int, ...]]:
    gone = {f"{name}.{end}" for name in classifiers for end in ("weight", "bias")}
    return {name: shape for name, shape in shapes.items() if name not in gone}


def classes_in(file: Path, architecture: str) -> int:
    """How many classes the classifier in the file tells apart. Raises BadWeights where there is none."""
    shapes = shapes_in(file)
    for name in classifier_names(architecture):
        if f"{name}.weight" in shapes:
            return shapes[f"{name}.weight"][0]
    raise BadWeights(
        f'The weights in "{file.name}" have no classifier, so they have no answers to learn from.',
        "Choose a file with the network's classifier in it.",
    )


def classifier_names(architecture: str) -> tuple[str, ...]:
    named = pretrained_cfg_of(architecture).classifier
    return (named,) if isinstance(named, str) else tuple(named or ())


@cache
def _classifiers() -> tuple[tuple[str, ...], ...]:
    """All that timm's architectures call their classifier."""
    return tuple(sorted({classifier_names(name) for name in list_pretrained()}))


def _is_independent_of_size(name: str) -> bool:
    return not any(part in name for part in _OF_THE_SIZE)


@cache
def _by_fingerprint() -> dict[str, str]:
    """Fingerprint -> architecture; of several with the same tensors the shortest name."""
    found: dict[str, str] = {}
    for row in sorted(facts().values(), key=lambda row: len(row.name)):
        found.setdefault(row.fingerprint, row.name.split(".")[0])
    return found
