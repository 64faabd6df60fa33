"""This machine: its devices and memory, the arithmetic to compute in, random numbers, what was measured here before."""

from core.device.devices import devices, resolve_device
from core.device.memory import give_back, in_parts, memory_budget, photos_that_fit, ran_out, within_memory
from core.device.precision import Arithmetic, allowed_precisions, arithmetic_from, precisions, threads_given_back, usual
from core.device.profile_store import BUSY, Others
from core.device.rng import generator, uniforms

__all__ = [
    "BUSY",
    "Arithmetic",
    "Others",
    "allowed_precisions",
    "arithmetic_from",
    "devices",
    "generator",
    "give_back",
    "in_parts",
    "memory_budget",
    "photos_that_fit",
    "precisions",
    "ran_out",
    "resolve_device",
    "threads_given_back",
    "uniforms",
    "usual",
    "within_memory",
]
