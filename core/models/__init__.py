"""The model that a run trains: backbone and heads, its optimizer, its moving average, its weights on disk."""

from core.models.build import load_trained, new_model
from core.models.ema import ModelEma
from core.models.model import (
    TrainedModel,
    init_linear,
    learns_batch_norm,
    load_some,
    seeded_dropout,
    set_trainable,
    split_names,
)
from core.models.optimizers import clip, flat_state, load_flat_state, make_optimizer, set_rates
from core.models.weights_io import (
    FORMAT,
    MODEL,
    STATE,
    TRAINING_STATE,
    Damaged,
    file_checksum,
    json_checksum,
    keep_frozen,
    load_model,
    no_room_is_an_os_error,
    plain,
    read_facts,
    verify,
)

__all__ = [
    "FORMAT",
    "MODEL",
    "STATE",
    "TRAINING_STATE",
    "Damaged",
    "ModelEma",
    "TrainedModel",
    "clip",
    "file_checksum",
    "flat_state",
    "init_linear",
    "json_checksum",
    "keep_frozen",
    "learns_batch_norm",
    "load_flat_state",
    "load_model",
    "load_some",
    "load_trained",
    "make_optimizer",
    "new_model",
    "no_room_is_an_os_error",
    "plain",
    "read_facts",
    "seeded_dropout",
    "set_rates",
    "set_trainable",
    "split_names",
    "verify",
]
