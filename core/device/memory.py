"""Memory that runs out is not the end: what did not fit is computed in parts."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import psutil
import torch
from torch import Tensor

from core.allocator import return_freed_memory
from core.errors import TooLittleMemory

P = ParamSpec("P")
T = TypeVar("T")

_IN_WORDS = ("can't allocate memory", "not enough memory", "out of memory")  # what a RuntimeError of torch's says
_SHARE_OF_FREE = 0.8  # of memory, for a step's activations: weights and what else runs need the rest


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that the memory of a processor or a GPU did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _IN_WORDS)


def within_memory(measure: Callable[P, T]) -> Callable[P, T]:
    """The same function; raises TooLittleMemory where what it measures does not fit. A run, which computes in parts,
    still may.
    """

    @wraps(measure)
    def measured(*args: P.args, **named: P.kwargs) -> T:
        try:
            return measure(*args, **named)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the `except`: the error holds on to the memory that did not suffice.
        release_memory()
        raise TooLittleMemory("Too little memory is free to measure this.", "Close other programs.")

    return measured


def release_memory() -> None:
    """Return what is held in reserve, so that smaller pieces can be cut from it, and others have it."""
    return_freed_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def in_parts(
    work: Callable[[np.ndarray], tuple[Tensor, ...]], rows: np.ndarray, on: torch.device | None = None
) -> tuple[Tensor, ...]:
    """work(rows), each [rows, ...]; in halves, and those in halves, where memory runs out.

    Raises what `work` does when a single photo does not fit. on: where the result is to lie.
    """
    try:
        return tuple(value if on is None else value.to(on) for value in work(rows))
    except Exception as error:
        if not is_out_of_memory(error) or len(rows) < 2:
            raise
    release_memory()
    middle = len(rows) // 2
    halves = in_parts(work, rows[:middle], on), in_parts(work, rows[middle:], on)
    return tuple(torch.cat(pair) for pair in zip(*halves, strict=True))


def max_micro_batch_for(bytes_per_photo: float) -> int:
    """How many photos a training step may hold in the processor's memory that is free now, with some to spare."""
    return int(_SHARE_OF_FREE * psutil.virtual_memory().available / max(bytes_per_photo, 1))


def memory_budget(device: torch.device) -> int:
    """Bytes that kept activations may take. A share of all memory, not of what is free just now: a resumed run must
    choose alike.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 4
    return psutil.virtual_memory().total // 8
