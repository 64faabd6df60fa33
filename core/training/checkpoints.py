"""A training state as a folder: tensors as safetensors, everything else as JSON with a checksum of each file.

runs/<id>/frozen.safetensors    stages that no phase unfreezes: written once, since they never change
runs/<id>/last/, best/          model.safetensors    tensors that can change; their moving average where the plan asks
                                                     for one
                                training_state.safetensors    raw_weights/ (the weights behind the moving average),
                                                     auxiliary/, optimizer/, losses/ (per photo)
                                state.json           position, history, compute configuration, checksums
"""

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import GraftError
from core.evaluation import LossHistory
from core.home import recover_folder, whole_folder
from core.job import Checkpointed, Job
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
    to_cpu,
    verify_file,
)
from core.training.state import TrainingState

CHECKPOINT_SECONDS = 60.0


class Checkpointer:
    """Writes the checkpoints of a run, and knows when the next one is due.

    names: of the model's tensors that can change.
    """

    def __init__(self, job: Job, names: list[str]) -> None:
        self.folder, self.plan_hash, self.names = job.folder, job.plan.hash, names
        self._best_epoch = saved_best_epoch(job.folder)
        self._last_saved: tuple[int, int] | None = None  # step and epoch
        self._saved_at = time.monotonic()

    def is_due(self) -> bool:
        return time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS

    def save(self, state: TrainingState) -> Checkpointed:
        """Write last/, and best/ at the end of the best epoch. Raises DiskFull; the checkpoints on disk stay."""
        position = state.position
        best, last = self.folder / "best", self.folder / "last"
        # best/ first: a crash in between leaves an older last/, from which the same best/ follows again.
        if position.batch == 0 and position.epoch == state.best.epoch != self._best_epoch:
            save(state, best, self.names, self.plan_hash)
            copy_checkpoint(best, last)
            self._best_epoch = position.epoch
        elif (position.step, position.epoch) != self._last_saved:
            save(state, last, self.names, self.plan_hash)
        self._last_saved = (position.step, position.epoch)
        self._saved_at = time.monotonic()
        return Checkpointed(position.epoch + (position.batch > 0), position.step)


def save(state: TrainingState, folder: Path, names: list[str], plan_hash: str) -> None:
    """Replace the checkpoint at `folder`. Raises DiskFull; the earlier checkpoint is then still there.

    names: of the model's tensors that can change.
    """
    tensors = state.ema.tensors if state.ema else state.model.state_dict()
    with whole_folder(folder) as part, disk_full_as_os_error():
        save_file({name: to_cpu(tensors[name]) for name in names}, part / MODEL)
        save_file({name: to_cpu(value) for name, value in _training_tensors(state).items()}, part / TRAINING_STATE)
        facts = {"format": FORMAT, "plan_hash": plan_hash, **state.facts()}
        facts["files"] = {name: file_checksum(part / name) for name in (MODEL, TRAINING_STATE)}
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
    state.load_facts(facts)


def resume(state: TrainingState, folder: Path, plan_hash: str) -> str:
    """Load the newest whole checkpoint of a run into the state; without one, the state is left as it is.

    Returns a sentence for the user when that checkpoint is not the last one, else "". Raises GraftError when all are
    damaged.
    """
    for which in ("last", "best"):
        recover_folder(folder / which)
    found = [folder / which for which in ("last", "best") if (folder / which).exists()]
    damage = ""
    for checkpoint in found:
        try:
            load(state, checkpoint, plan_hash)
        except DamagedCheckpoint as error:
            damage = damage or str(error)
        else:
            epoch = f"the best epoch so far, {state.position.epoch}"
            return f"The last checkpoint is damaged ({damage}); training goes on from {epoch}." if damage else ""
    if found:
        raise GraftError(f"The checkpoints of this run are damaged: {damage}.", "Start a new run with the same plan.")
    return ""


def saved_best_epoch(folder: Path) -> int:
    """The epoch whose model is in best/; 0 without one."""
    with suppress(DamagedCheckpoint, FileNotFoundError):
        return read_facts(folder / "best")["position"]["epoch"]
    return 0


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


def _with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _without_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _parameter_names(state: TrainingState) -> Mapping[Tensor, str]:
    named = (*state.model.named_parameters(), *state.auxiliary.named_parameters(prefix="auxiliary"))
    return {parameter: name for name, parameter in named}
