"""This machine: its devices and memory, how to compute on it, random numbers, and stored measurements of it."""

from core.device.deterministic import deterministic_algorithms
from core.device.devices import devices, resolve_device
from core.device.first_touch import start_device
from core.device.memory import (
    in_smaller_batches,
    is_out_of_memory,
    max_micro_batch_in_memory,
    memory_budget,
    raise_too_little_memory,
    release_memory,
)
from core.device.precision import (
    ComputeConfig,
    allowed_precisions,
    available_precisions,
    compute_config_from,
    default_compute_config,
    restored_threads,
)
from core.device.profile_store import BUSY, OtherLoad
from core.device.rng import generator, uniform

__all__ = [
    "BUSY",
    "ComputeConfig",
    "OtherLoad",
    "allowed_precisions",
    "available_precisions",
    "compute_config_from",
    "default_compute_config",
    "deterministic_algorithms",
    "devices",
    "generator",
    "in_smaller_batches",
    "is_out_of_memory",
    "max_micro_batch_in_memory",
    "memory_budget",
    "raise_too_little_memory",
    "release_memory",
    "resolve_device",
    "restored_threads",
    "start_device",
    "uniform",
]
