"""Algorithms of torch that add in the same order each time; a graphics card's usual ones add as it comes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# cuBLAS reads it when it is loaded: with a workspace of fixed size it chooses the same way each time.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

_lock = threading.Lock()
_users = 0  # runs on several devices share torch's one switch


@contextmanager
def deterministic_algorithms() -> Iterator[None]:
    """Within the block torch takes deterministic algorithms where it has any, and warns where it has none."""
    _count(+1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global _users
    with _lock:
        _users += change
        torch.use_deterministic_algorithms(_users > 0, warn_only=True)
        # Filling memory that is about to be written finds mistakes in programs, and takes time in each step.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
