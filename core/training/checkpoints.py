"""A training state as a folder: weights and averages as safetensors, the rest as JSON with a checksum of each file.

runs/<id>/frozen.safetensors    stages that no phase frees: written once, since they never change
runs/<id>/last/, best/          model.safetensors (all that can change; its average, where the plan wants one),
                                learning.safetensors (the weights beside their average, a student's guides, what
                                the optimiser remembers, losses photo by photo), state.json (position, history,
                                checksums)
"""

import errno
import json
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import BadWeights, GraftError, NotFound
from core.evaluation import LossHistory
from core.home import whole_file, whole_folder
from core.home.files import recover_folder
from core.training.model import TrainedModel, load_some
from core.training.optimisers import flat_state, load_flat_state
from core.training.state import TrainingState

FORMAT = 1
MODEL, LEARNING, STATE, FROZEN = "model.safetensors", "learning.safetensors", "state.json", "frozen.safetensors"
Which = Literal["last", "best"]


class Damaged(Exception):
    """A checkpoint is not what was written: says which file."""


def save(state: TrainingState, folder: Path, names: list[str], plan_hash: str) -> None:
    """Replace the checkpoint at `folder`. names: of the model's tensors that can change. Raises DiskFull; the one that
    was there is then still there.
    """
    tensors = state.average.tensors if state.average else state.model.state_dict()
    with whole_folder(folder) as part, _no_room_is_an_os_error():
        save_file({name: _plain(tensors[name]) for name in names}, part / MODEL)
        save_file({name: _plain(value) for name, value in _learning(state).items()}, part / LEARNING)
        facts = {"format": FORMAT, "plan": plan_hash, **state.facts()}
        facts["files"] = {name: _checksum(part / name) for name in (MODEL, LEARNING)}
        (part / STATE).write_text(json.dumps({"facts": facts, "checksum": _checksum_of(facts)}, indent=1))


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
        _verify(folder / name, facts["files"][name])
    tensors, learning = load_file(folder / MODEL), load_file(folder / LEARNING)
    load_some(state.model, _under("weights/", learning) if state.average else tensors)
    if state.average:
        state.average.load(tensors)
    if state.guides:
        state.guides.load_state_dict(_under("guides/", learning))
    load_flat_state(state.optimiser, _under("optimiser/", learning), _names(state))
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


def saved_arithmetic(folder: Path) -> dict[str, Any] | None:
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


def keep_frozen(model: TrainedModel, folder: Path, names: list[str]) -> None:
    """Write the tensors that no phase changes, unless the file is there and whole. Raises DiskFull."""
    note = folder / f"{FROZEN}.json"
    if (folder / FROZEN).exists() and note.exists() and note.read_text() == _checksum(folder / FROZEN):
        return
    tensors = model.state_dict()
    with whole_file(folder / FROZEN) as part, _no_room_is_an_os_error():
        save_file({name: _plain(tensors[name]) for name in names}, part)
    with whole_file(note) as part:
        part.write_text(_checksum(folder / FROZEN))


def load_model(model: TrainedModel, folder: Path, which: Which) -> None:
    """Put a run's weights into a model of its shape; also while another process trains it.

    Raises NotFound when there is no such checkpoint yet, BadWeights when it is damaged.
    """
    tensors = _tensors_of_a_moving_run(folder, which)
    if set(tensors) != set(model.state_dict()):
        raise BadWeights("The weights of this run belong to another model.", "Train it again.")
    load_some(model, tensors)


def _tensors_of_a_moving_run(folder: Path, which: Which) -> dict[str, Tensor]:
    for _ in range(2):
        try:
            return _model_tensors(folder, which)
        except (FileNotFoundError, Damaged):
            continue  # perhaps the next checkpoint took its place while it was read
    try:
        return _model_tensors(folder, which)
    except FileNotFoundError as error:
        sentence = "This run has no model yet: its first epoch has not ended."
        raise NotFound(sentence, "Wait for it, or resume the run.") from error
    except Damaged as error:
        raise BadWeights(f"The model of this run is damaged: {error}.", "Train it again.") from error


def _model_tensors(folder: Path, which: Which) -> dict[str, Tensor]:
    checkpoint = folder / which
    if not checkpoint.exists():  # between the two renames of `whole_folder`
        checkpoint = folder / f"{which}.old"
    facts = read_facts(checkpoint)
    _verify(checkpoint / MODEL, facts["files"][MODEL])
    _verify(folder / FROZEN, (folder / f"{FROZEN}.json").read_text())
    return load_file(folder / FROZEN) | load_file(checkpoint / MODEL)


def read_facts(folder: Path) -> dict[str, Any]:
    """What state.json says. Raises Damaged, and FileNotFoundError when the folder is not there."""
    if not folder.exists():
        raise FileNotFoundError(folder)
    try:
        said = json.loads((folder / STATE).read_bytes())
        facts = said["facts"]
        whole = said["checksum"] == _checksum_of(facts) and facts["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{STATE} cannot be read") from error
    if not whole:
        raise Damaged(f"{STATE} has changed on the disk")
    return facts


def _learning(state: TrainingState) -> dict[str, Tensor]:
    averages = flat_state(state.optimiser, _names(state))
    losses = {
        f"losses/{task}/{which}": torch.from_numpy(np.ascontiguousarray(getattr(kept, which)))
        for task, kept in state.losses.items()
        for which in ("best", "recent")
    }
    weights = state.average.weights if state.average else {}
    guides = state.guides.state_dict() if state.guides else {}
    return _named("optimiser/", averages) | _named("weights/", weights) | _named("guides/", guides) | losses


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `_named`, among others."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _names(state: TrainingState) -> Mapping[Tensor, str]:
    guides = state.guides.named_parameters(prefix="guides") if state.guides else ()
    return {parameter: name for name, parameter in (*state.model.named_parameters(), *guides)}


def _plain(value: Tensor) -> Tensor:
    return value.detach().cpu().contiguous()


def _checksum(file: Path) -> str:
    # CRC-32: against damage, not against malice, and ten times as fast as SHA-256, which a step would have to wait for.
    crc = 0
    with file.open("rb") as opened:
        while chunk := opened.read(2**20):
            crc = zlib.crc32(chunk, crc)
    return f"{crc:08x}"


def _checksum_of(facts: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(facts, sort_keys=True).encode()):08x}"


def _verify(file: Path, checksum: str) -> None:
    if not file.exists():
        raise Damaged(f"{file.name} is missing") if file.parent.exists() else FileNotFoundError(file)
    if _checksum(file) != checksum:
        raise Damaged(f"{file.name} has changed on the disk")


@contextmanager
def _no_room_is_an_os_error() -> Iterator[None]:
    """safetensors writes by itself and says "no space left" in words only."""
    try:
        yield
    except SafetensorError as error:
        if "os error 28" in str(error) or "os error 112" in str(error):  # ENOSPC, and what Windows calls it
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
