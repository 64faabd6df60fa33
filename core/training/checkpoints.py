"""A training state as a folder: weights and averages as safetensors, the rest as JSON with a checksum of each file.

runs/<id>/frozen.safetensors    stages that no phase frees: written once, since they never change
runs/<id>/last/, best/          model.safetensors (all that can change; its average, where the plan wants one),
                                learning.safetensors (the weights beside their average, a student's guides, what
                                the optimizer remembers, losses photo by photo), state.json (position, history,
                                checksums)
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import GraftError
from core.evaluation import LossHistory
from core.home import recover_folder, whole_folder
from core.models import (
    FORMAT,
    LEARNING,
    MODEL,
    STATE,
    Damaged,
    file_checksum,
    flat_state,
    json_checksum,
    load_flat_state,
    load_some,
    no_room_is_an_os_error,
    plain,
    read_facts,
    verify,
)
from core.training.state import TrainingState


def save(state: TrainingState, folder: Path, names: list[str], plan_hash: str) -> None:
    """Replace the checkpoint at `folder`. names: of the model's tensors that can change. Raises DiskFull; the one that
    was there is then still there.
    """
    tensors = state.average.tensors if state.average else state.model.state_dict()
    with whole_folder(folder) as part, no_room_is_an_os_error():
        save_file({name: plain(tensors[name]) for name in names}, part / MODEL)
        save_file({name: plain(value) for name, value in _learning(state).items()}, part / LEARNING)
        facts = {"format": FORMAT, "plan": plan_hash, **state.facts()}
        facts["files"] = {name: file_checksum(part / name) for name in (MODEL, LEARNING)}
        (part / STATE).write_text(json.dumps({"facts": facts, "checksum": json_checksum(facts)}, indent=1))


def copy_checkpoint(source: Path, target: Path) -> None:
    """Replace the checkpoint at `target` by a copy, files of its own: damage to one leaves the other whole. Faster than
    to save again, which writes through checksums. Raises DiskFull.
    """
    with whole_folder(target) as part:
        for file in source.iterdir():
            shutil.copyfile(file, part / file.name)


def load(state: TrainingState, folder: Path, plan_hash: str) -> None:
    """Put the checkpoint at `folder` into the state. Raises Damaged, and FileNotFoundError when there is none."""
    facts = read_facts(folder)
    if facts["plan"] != plan_hash:
        raise GraftError("The checkpoints in this run's folder belong to another plan.", "Start a new run.")
    for name in (MODEL, LEARNING):
        verify(folder / name, facts["files"][name])
    tensors, learning = load_file(folder / MODEL), load_file(folder / LEARNING)
    load_some(state.model, _under("weights/", learning) if state.average else tensors)
    if state.average:
        state.average.load(tensors)
    if state.projection_heads:
        state.projection_heads.load_state_dict(_under("guides/", learning))
    load_flat_state(state.optimizer, _under("optimizer/", learning), _names(state))
    state.losses = {
        task: LossHistory(learning[f"losses/{task}/best"].numpy(), learning[f"losses/{task}/recent"].numpy())
        for task in state.losses
    }
    state.take_facts(facts)


def resume(state: TrainingState, folder: Path, plan_hash: str) -> str:
    """Put the newest whole checkpoint of a run into the state; without any it stays as it is.

    Gives a sentence for the user when that is not the last one. Raises GraftError when all are damaged.
    """
    for which in ("last", "best"):
        recover_folder(folder / which)
    found = [folder / which for which in ("last", "best") if (folder / which).exists()]
    damage = ""
    for checkpoint in found:
        try:
            load(state, checkpoint, plan_hash)
        except Damaged as error:
            damage = damage or str(error)
        else:
            epoch = f"the best epoch so far, {state.position.epoch}"
            return f"The last checkpoint is damaged ({damage}); training goes on from {epoch}." if damage else ""
    if found:
        raise GraftError(f"The checkpoints of this run are damaged: {damage}.", "Start a new run with the same plan.")
    return ""


def saved_compute_config(folder: Path) -> dict[str, Any] | None:
    """The facts of the arithmetic in which the run in `folder` began; None when it did not begin."""
    facts = _facts_or_none(folder / "last") or _facts_or_none(folder / "best")
    return facts["arithmetic"] if facts else None


def saved_best_epoch(folder: Path) -> int:
    """Of which epoch best/ is; 0 without one."""
    facts = _facts_or_none(folder / "best")
    return facts["position"]["epoch"] if facts else 0


def _facts_or_none(folder: Path) -> dict[str, Any] | None:
    try:
        return read_facts(folder)
    except (Damaged, FileNotFoundError):
        return None


def _learning(state: TrainingState) -> dict[str, Tensor]:
    averages = flat_state(state.optimizer, _names(state))
    losses = {
        f"losses/{task}/{which}": torch.from_numpy(np.ascontiguousarray(getattr(kept, which)))
        for task, kept in state.losses.items()
        for which in ("best", "recent")
    }
    weights = state.average.weights if state.average else {}
    projection_heads = state.projection_heads.state_dict() if state.projection_heads else {}
    return _named("optimizer/", averages) | _named("weights/", weights) | _named("guides/", projection_heads) | losses


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `_named`, among others."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _names(state: TrainingState) -> Mapping[Tensor, str]:
    projection_heads = state.projection_heads.named_parameters(prefix="guides") if state.projection_heads else ()
    return {parameter: name for name, parameter in (*state.model.named_parameters(), *projection_heads)}
