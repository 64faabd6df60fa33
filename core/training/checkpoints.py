"""A training state as a folder: tensors as safetensors, everything else as JSON with a checksum of each file.

runs/<id>/frozen.safetensors    stages that no phase unfreezes: written once, since they never change
runs/<id>/last/, best/          model.safetensors    tensors that can change; their moving average where the plan asks
                                                     for one
                                training_state.safetensors    raw_weights/ (the weights behind the moving average),
                                                     auxiliary/, optimizer/, losses/ (per photo), ingredients/ (of a
                                                     soup, by epoch)
                                state.json           position, history, compute configuration, checksums
"""

import copy
import json
import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
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
    MODEL,
    STATE,
    TRAINING_STATE,
    DamagedCheckpoint,
    disk_full_as_os_error,
    file_checksum,
    flat_optimizer_state,
    json_checksum,
    load_flat_optimizer_state,
    load_tensors,
    read_facts,
    verify_file,
)
from core.training.soup import Ingredient
from core.training.state import TrainingState


@dataclass(frozen=True)
class Snapshot:
    """A training state as it was at one moment: copies, which training changes no more.

    model, training: tensors by name, of model.safetensors and of training_state.safetensors. facts: all else, as JSON.
    copied: on a GPU, when the copies there are complete.
    """

    model: dict[str, Tensor]
    training: dict[str, Tensor]
    facts: dict[str, Any]
    copied: torch.cuda.Event | None = None

    @property
    def epoch(self) -> int:
        """From 1; the one that was under way, or had just ended."""
        position = self.facts["position"]
        return position["epoch"] + (position["batch"] > 0)

    @property
    def step(self) -> int:
        return self.facts["position"]["step"]


def take_snapshot(state: TrainingState, names: list[str], plan_hash: str) -> Snapshot:
    """Copy the state, in the time that memory takes: a GPU copies within its own, or at once to the host's where that
    has no room.

    names: of the model's tensors that can change.
    """
    tensors = state.ema.tensors if state.ema else state.model.state_dict()
    facts = {"format": FORMAT, "plan_hash": plan_hash, **copy.deepcopy(state.facts())}
    model, training = {name: tensors[name] for name in names}, _training_tensors(state)
    kept = _ingredient_tensors(state)  # nothing writes to them, so they are not copied
    if state.compute_config.device.type == "cuda":
        try:
            copies = _copies(model, _cloned), _copies(training, _cloned) | kept
        except torch.OutOfMemoryError:
            pass
        else:
            return Snapshot(*copies, facts, torch.cuda.current_stream(state.compute_config.device).record_event())
    return Snapshot(_copies(model, _copied_to_host), _copies(training, _copied_to_host) | kept, facts)


def on_host(snapshot: Snapshot) -> Snapshot:
    """The snapshot in the memory of the host. It is copied there on a stream of its own, for which no step waits."""
    if snapshot.copied is None:
        return snapshot
    stream = torch.cuda.Stream(snapshot.copied.device)
    with torch.cuda.stream(stream):
        snapshot.copied.wait(stream)
        model, training = _copies(snapshot.model, _pinned), _copies(snapshot.training, _pinned)
        stream.synchronize()
    return Snapshot(model, training, snapshot.facts)


def write_checkpoint(snapshot: Snapshot, folder: Path) -> None:
    """Replace the checkpoint at `folder`. Raises DiskFull; the earlier checkpoint is then still there.

    snapshot: on the host.
    """
    with whole_folder(folder) as part, disk_full_as_os_error():
        save_file(snapshot.model, part / MODEL)
        save_file(snapshot.training, part / TRAINING_STATE)
        facts = {**snapshot.facts, "files": {name: file_checksum(part / name) for name in (MODEL, TRAINING_STATE)}}
        (part / STATE).write_text(json.dumps({"facts": facts, "checksum": json_checksum(facts)}, indent=1))


def copy_checkpoint(source: Path, target: Path) -> None:
    """Replace the checkpoint at `target` by a copy with files of its own, so that damage to one leaves the other whole.
    Faster than saving again, which computes the checksums again. Raises DiskFull.
    """
    with whole_folder(target) as part:
        for file in source.iterdir():
            shutil.copyfile(file, part / file.name)


def load(state: TrainingState, folder: Path, plan_hash: str) -> None:
    """Load the checkpoint at `folder` into the state.

    Raises DamagedCheckpoint, and FileNotFoundError when there is none.
    """
    facts = read_facts(folder)
    if facts["plan_hash"] != plan_hash:
        raise GraftError("The checkpoints in this run's folder belong to another plan.", "Start a new run.")
    for name in (MODEL, TRAINING_STATE):
        verify_file(folder / name, facts["files"][name])
    model_tensors, tensors = load_file(folder / MODEL), load_file(folder / TRAINING_STATE)
    load_tensors(state.model, _without_prefix("raw_weights/", tensors) if state.ema else model_tensors)
    if state.ema:
        state.ema.load(model_tensors)
    for name, module in state.auxiliary.items():
        module.load_state_dict(_without_prefix(f"auxiliary/{name}/", tensors))
    load_flat_optimizer_state(state.optimizer, _without_prefix("optimizer/", tensors), _parameter_names(state))
    state.losses = {
        task: LossHistory(tensors[f"losses/{task}/best"].numpy(), tensors[f"losses/{task}/recent"].numpy())
        for task in state.losses
    }
    state.ingredients = [
        Ingredient(each["epoch"], each["loss"], _without_prefix(f"ingredients/{each['epoch']}/", tensors))
        for each in facts.get("ingredients", [])  # checkpoints of before there were soups have none
    ]
    state.load_facts(facts)


def resume(state: TrainingState, folder: Path, plan_hash: str) -> str:
    """Load the newest whole checkpoint of a run into the state; without one, the state is left as it is.

    Returns a sentence for the user when the newest one is damaged, else "". Raises GraftError when all are.
    """
    for which in ("last", "best"):
        recover_folder(folder / which)
    found = [folder / which for which in ("last", "best") if (folder / which).exists()]
    damage = ""
    for checkpoint in sorted(found, key=_saved_step, reverse=True):
        try:
            load(state, checkpoint, plan_hash)
        except DamagedCheckpoint as error:
            damage = damage or str(error)
        else:
            epoch = "the best epoch so far, " if checkpoint.name == "best" else "epoch "
            came_from = f"{epoch}{state.position.epoch}"
            return f"The last checkpoint is damaged ({damage}); training goes on from {came_from}." if damage else ""
    if found:
        raise GraftError(f"The checkpoints of this run are damaged: {damage}.", "Start a new run with the same plan.")
    return ""


def _saved_step(checkpoint: Path) -> float:
    """The step of a checkpoint, by which the newest is found: best/ may be written without last/. A damaged last/
    counts as the newest, so that the user is told.
    """
    try:
        return read_facts(checkpoint)["position"]["step"]
    except DamagedCheckpoint:
        return math.inf if checkpoint.name == "last" else -1


def saved_best_epoch(folder: Path) -> int:
    """The epoch whose model is in best/; 0 without one."""
    with suppress(DamagedCheckpoint, FileNotFoundError):
        return read_facts(folder / "best")["position"]["epoch"]
    return 0


def best_losses(folder: Path) -> dict[str, np.ndarray]:
    """By task, the losses of the validation photos at the best epoch of the run in this folder, float32 [photos].

    Raises FileNotFoundError before there is one.
    """
    found = _without_prefix("losses/", load_file(folder / "best" / TRAINING_STATE))
    return {name.removesuffix("/best"): each.numpy() for name, each in found.items() if name.endswith("/best")}


def _training_tensors(state: TrainingState) -> dict[str, Tensor]:
    tensors = _with_prefix("optimizer/", flat_optimizer_state(state.optimizer, _parameter_names(state)))
    if state.ema:
        tensors |= _with_prefix("raw_weights/", state.ema.weights)
    for name, module in state.auxiliary.items():
        tensors |= _with_prefix(f"auxiliary/{name}/", module.state_dict())
    for task, history in state.losses.items():
        for field in ("best", "recent"):
            tensors[f"losses/{task}/{field}"] = torch.from_numpy(np.ascontiguousarray(getattr(history, field)))
    return tensors


def _ingredient_tensors(state: TrainingState) -> dict[str, Tensor]:
    return {
        f"ingredients/{each.epoch}/{name}": value for each in state.ingredients for name, value in each.tensors.items()
    }


def _copies(tensors: Mapping[str, Tensor], copy_of: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    return {name: copy_of(value.detach()) for name, value in tensors.items()}


def _cloned(value: Tensor) -> Tensor:
    return value.clone(memory_format=torch.contiguous_format)


def _copied_to_host(value: Tensor) -> Tensor:
    return value.to("cpu", copy=True, memory_format=torch.contiguous_format)


def _pinned(value: Tensor) -> Tensor:
    """A copy on the host that may still be under way."""
    if value.device.type == "cpu":
        return value
    return torch.empty_like(value, device="cpu", pin_memory=True).copy_(value, non_blocking=True)


def _with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _parameter_names(state: TrainingState) -> Mapping[Tensor, str]:
    named = (*state.model.named_parameters(), *state.auxiliary.named_parameters(prefix="auxiliary"))
    return {parameter: name for name, parameter in named}
