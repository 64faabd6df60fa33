"""The stages of any timm model, from stem to head: the unit of freezing and of the learning rate."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import timm
import torch
from timm.models._manipulate import group_with_matcher
from torch import nn

from core.backbones.backbone import BackboneCard, Stage
from core.backbones.cards import get_card as card_of

MOST = 8  # groups behind the stem that are shown one by one; more are put together
_NOWHERE = "\0"  # a name that no group matches

Matcher = dict[str, Any] | Callable[[str], float]
_NUMBERED = re.compile(r"^\w*(?:stage|block|layer|transformer)s?[._]?(\d+)\.")

_SIGHTS = ("textures", "patterns", "parts", "things")  # what is seen from behind the stem to the end


def find_stages(model: nn.Module) -> tuple[Stage, ...]:
    """The stages of a backbone, the stem first. Every entry of its state dict is in exactly one of them.

    They are timm's own groups (`group_matcher(coarse=True)`); what timm puts behind the last numbered group (the final
    norm, a layer before the classifier) belongs to the last stage. More than eight groups, as in a transformer of
    twelve blocks, are put together to a few stages of nearly equal length.
    """
    groups = _groups(model)
    merged = _merge(groups)
    members = [[name for group in part for name in groups[group]] for part in merged]
    modules = _modules_inside(model, {name: i for i, names in enumerate(members) for name in names})
    learned = {name: value.numel() for name, value in model.named_parameters()}
    return tuple(
        Stage(
            index=i,
            name=_name(part),
            what=_sight(model, i, len(merged)),
            parameters=sum(learned.get(name, 0) for name in members[i]),
            members=tuple(members[i]),
            modules=tuple(modules[i]),
        )
        for i, part in enumerate(merged)
    )


def describe_stages(backbone: BackboneCard | str) -> tuple[Stage, ...]:
    """The stages of a backbone by its card or name, without its weights, at once. Raises NotFound."""
    return _describe((card_of(backbone) if isinstance(backbone, str) else backbone).architecture)


@cache
def _describe(architecture: str) -> tuple[Stage, ...]:
    with torch.device("meta"):
        return find_stages(timm.create_model(architecture, num_classes=0))


def _groups(model: nn.Module) -> list[list[str]]:
    """Names of the state dict's entries, group by group, the stem's first.

    What timm matches with no group belongs to the last one, but for a module registered before all numbered ones (the
    positions that all blocks of a relative-position transformer share): that one is used from the start.
    """
    names = list(model.state_dict())
    entries = iter([(name, None) for name in [*names, _NOWHERE]])
    stem, *behind = group_with_matcher(entries, _matcher(model)).values()
    if not behind or _NOWHERE not in behind[-1]:
        return [[name for name in group if name != _NOWHERE] for group in (stem, *behind)]
    *behind, unmatched = behind
    unmatched.remove(_NOWHERE)
    numbered = {name for group in behind for name in group}
    first = next((i for i, name in enumerate(names) if name in numbered), 0)
    early = [name for name in names[:first] if name in unmatched and "." in name]
    groups = [stem + early, *behind]
    groups[-1].extend(name for name in unmatched if name not in early)
    return groups


def _matcher(model: Any) -> Matcher:
    if hasattr(model, "group_matcher"):
        with suppress(AssertionError):  # RDNet has no coarse groups
            return model.group_matcher(coarse=True)
    return _by_number(list(model.state_dict()))


def _by_number(names: list[str]) -> Callable[[str], float]:
    """For the architectures of timm without a `group_matcher`: their numbered parts, what comes before and after."""
    numbers = {name: float(match[1]) for name in names if (match := _NUMBERED.match(name))}
    first = next((i for i, name in enumerate(names) if name in numbers), len(names))
    before = dict.fromkeys(names[:first], -1.0)
    return lambda name: numbers.get(name, before.get(name, np.inf))


def _merge(groups: list[list[str]]) -> list[range]:
    """Which groups make up each stage; the stem (group 0) stays alone."""
    behind = len(groups) - 1
    if behind <= MOST:
        return [range(i, i + 1) for i in range(len(groups))]
    wanted = 4 if behind <= 16 else 6 if behind <= 30 else MOST
    parts = np.array_split(np.arange(1, behind + 1), wanted)
    return [range(1), *(range(int(part[0]), int(part[-1]) + 1) for part in parts)]


def _name(part: range) -> str:
    if part.start == 0:
        return "stem"
    return f"stage {part.start}" if len(part) == 1 else f"blocks {part.start}-{part.stop - 1}"


def _sight(model: nn.Module, index: int, count: int) -> str:
    if index == 0:
        return "patches" if hasattr(model, "patch_embed") else "edges, colours"
    return _SIGHTS[round(np.interp(index, (1, count - 1), (0, len(_SIGHTS) - 1)))] if count > 2 else _SIGHTS[-1]


def _modules_inside(model: nn.Module, stage_of: dict[str, int]) -> dict[int, list[str]]:
    """Stage -> names of the outermost modules that lie wholly inside it.

    A module without numbers of its own (dropout, pooling) goes with the one registered before it.
    """
    inside: dict[int, list[str]] = {i: [] for i in set(stage_of.values())}
    before = 0

    def visit(module: nn.Module, path: str) -> None:
        nonlocal before
        for name, child in module.named_children():
            child_path = f"{path}{name}"
            found = {stage_of[f"{child_path}.{entry}"] for entry in child.state_dict()}
            if len(found) > 1:
                visit(child, f"{child_path}.")
            else:
                before = found.pop() if found else before
                inside[before].append(child_path)

    visit(model, "")
    return inside
