"""The model that a run trains: backbone and heads, its optimizer, its moving average, its weights on disk."""

from core.models.build import create_model, load_trained_model
from core.models.ema import ModelEma
from core.models.heads import NearestNeighbors, put_into_head
from core.models.initial_weights import InitialWeights
from core.models.model import (
    TrainedModel,
    init_linear,
    learning_batch_norms,
    load_tensors,
    seeded_dropout,
    set_trainable,
    split_frozen_names,
    trains_batch_norm,
)
from core.models.optimizers import (
    clip_gradients,
    create_optimizer,
    flat_optimizer_state,
    load_flat_optimizer_state,
    set_learning_rates,
)
from core.models.weights_io import (
    FORMAT,
    MODEL,
    STATE,
    TRAINING_STATE,
    DamagedCheckpoint,
    disk_full_as_os_error,
    file_checksum,
    json_checksum,
    load_model,
    read_facts,
    save_frozen,
    saved_compute_config,
    verify_file,
)

__all__ = [
    "FORMAT",
    "MODEL",
    "STATE",
    "TRAINING_STATE",
    "DamagedCheckpoint",
    "InitialWeights",
    "ModelEma",
    "NearestNeighbors",
    "TrainedModel",
    "clip_gradients",
    "create_model",
    "create_optimizer",
    "disk_full_as_os_error",
    "file_checksum",
    "flat_optimizer_state",
    "init_linear",
    "json_checksum",
    "learning_batch_norms",
    "load_flat_optimizer_state",
    "load_model",
    "load_tensors",
    "load_trained_model",
    "put_into_head",
    "read_facts",
    "save_frozen",
    "saved_compute_config",
    "seeded_dropout",
    "set_learning_rates",
    "set_trainable",
    "split_frozen_names",
    "trains_batch_norm",
    "verify_file",
]
