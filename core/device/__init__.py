"""This machine: its devices and memory, the arithmetic to compute in, random numbers, what was measured here before."""

from core.device.devices import devices, resolve_device
from core.device.memory import (
    in_parts,
    is_out_of_memory,
    max_micro_batch_for,
    memory_budget,
    release_memory,
    within_memory,
)
from core.device.precision import (
    ComputeConfig,
    allowed_precisions,
    compute_config_from,
    precisions,
    threads_given_back,
    usual,
)
from core.device.profile_store import BUSY, Others
from core.device.rng import generator, uniform

__all__ = [
    "BUSY",
    "ComputeConfig",
    "Others",
    "allowed_precisions",
    "compute_config_from",
    "devices",
    "generator",
    "in_parts",
    "is_out_of_memory",
    "max_micro_batch_for",
    "memory_budget",
    "precisions",
    "release_memory",
    "resolve_device",
    "threads_given_back",
    "uniform",
    "usual",
    "within_memory",
]
