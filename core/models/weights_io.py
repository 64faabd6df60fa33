"""A run's weights on disk: safetensors, and JSON with a checksum of each file; readable while the run goes on.

runs/<id>/frozen.safetensors    stages that no phase frees: written once, since they never change
runs/<id>/last/, best/          model.safetensors, training_state.safetensors, state.json
                                (core/training/checkpoints.py)
"""

import errno
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import BadWeights, NotFound
from core.home import whole_file
from core.models.model import TrainedModel, load_tensors

FORMAT = 2

MODEL, FROZEN = "model.safetensors", "frozen.safetensors"
TRAINING_STATE, STATE = "training_state.safetensors", "state.json"

Which = Literal["last", "best"]


class DamagedCheckpoint(Exception):
    """A checkpoint is not what was written: says which file."""


def save_frozen(model: TrainedModel, folder: Path, names: list[str]) -> None:
    """Write the tensors that no phase changes, unless the file is there and whole. Raises DiskFull."""
    note = folder / f"{FROZEN}.json"
    if (folder / FROZEN).exists() and note.exists() and note.read_text() == file_checksum(folder / FROZEN):
        return
    tensors = model.state_dict()
    with whole_file(folder / FROZEN) as part, disk_full_as_os_error():
        save_file({name: to_cpu(tensors[name]) for name in names}, part)
    with whole_file(note) as part:
        part.write_text(file_checksum(folder / FROZEN))


def load_model(model: TrainedModel, folder: Path, which: Which) -> None:
    """Put a run's weights into a model of its shape; also while another process trains it.

    Raises NotFound when there is no such checkpoint yet, BadWeights when it is damaged.
    """
    tensors = _tensors_of_a_moving_run(folder, which)
    if set(tensors) != set(model.state_dict()):
        raise BadWeights("The weights of this run belong to another model.", "Train it again.")
    load_tensors(model, tensors)


def _tensors_of_a_moving_run(folder: Path, which: Which) -> dict[str, Tensor]:
    for _ in range(2):
        try:
            return _model_tensors(folder, which)
        except (FileNotFoundError, DamagedCheckpoint):
            continue  # perhaps the next checkpoint took its place while it was read
    try:
        return _model_tensors(folder, which)
    except FileNotFoundError as error:
        sentence = "This run has no model yet: its first epoch has not ended."
        raise NotFound(sentence, "Wait for it, or resume the run.") from error
    except DamagedCheckpoint as error:
        raise BadWeights(f"The model of this run is damaged: {error}.", "Train it again.") from error


def _model_tensors(folder: Path, which: Which) -> dict[str, Tensor]:
    checkpoint = folder / which
    if not checkpoint.exists():  # between the two renames of `whole_folder`
        checkpoint = folder / f"{which}.old"
    facts = read_facts(checkpoint)
    verify_file(checkpoint / MODEL, facts["files"][MODEL])
    verify_file(folder / FROZEN, (folder / f"{FROZEN}.json").read_text())
    return load_file(folder / FROZEN) | load_file(checkpoint / MODEL)


def read_facts(folder: Path) -> dict[str, Any]:
    """What state.json says. Raises DamagedCheckpoint, and FileNotFoundError when the folder is not there."""
    if not folder.exists():
        raise FileNotFoundError(folder)
    try:
        said = json.loads((folder / STATE).read_bytes())
        facts = said["facts"]
        whole = said["checksum"] == json_checksum(facts) and facts["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedCheckpoint(f"{STATE} cannot be read") from error
    if not whole:
        raise DamagedCheckpoint(f"{STATE} has changed on the disk")
    return facts


def saved_compute_config(folder: Path) -> dict[str, Any] | None:
    """Facts of the compute configuration (`ComputeConfig.facts`) with which the run in `folder` began; None without a
    checkpoint.
    """
    for which in ("last", "best"):
        with suppress(DamagedCheckpoint, FileNotFoundError):
            return read_facts(folder / which)["compute_config"]
    return None


def to_cpu(value: Tensor) -> Tensor:
    return value.detach().cpu().contiguous()


def file_checksum(file: Path) -> str:
    # CRC-32: against damage, not against malice, and ten times as fast as SHA-256, which a step would have to wait for.
    crc = 0
    with file.open("rb") as opened:
        while chunk := opened.read(2**20):
            crc = zlib.crc32(chunk, crc)
    return f"{crc:08x}"


def json_checksum(facts: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(facts, sort_keys=True).encode()):08x}"


def verify_file(file: Path, checksum: str) -> None:
    if not file.exists():
        raise DamagedCheckpoint(f"{file.name} is missing") if file.parent.exists() else FileNotFoundError(file)
    if file_checksum(file) != checksum:
        raise DamagedCheckpoint(f"{file.name} has changed on the disk")


@contextmanager
def disk_full_as_os_error() -> Iterator[None]:
    """safetensors writes by itself and says "no space left" in words only."""
    try:
        yield
    except SafetensorError as error:
        if "os error 28" in str(error) or "os error 112" in str(error):  # ENOSPC, and what Windows calls it
            raise OSError(errno.ENOSPC, str(error)) from error
        raise
