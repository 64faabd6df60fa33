"""Memory: recognise that it ran out, compute in smaller batches then, and how much of it may be used."""

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

_MESSAGES = ("can't allocate memory", "not enough memory", "out of memory")  # of RuntimeErrors that torch raises
_STEP_SHARE = 0.8  # of the free memory, for a step's activations: weights and other programs need the rest


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that the memory of a processor or a GPU ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error).lower() for message in _MESSAGES)


def raise_too_little_memory(measure: Callable[P, T]) -> Callable[P, T]:
    """Decorate a measurement so that it raises TooLittleMemory where it does not fit. The run still may: it can compute
    in micro-batches.
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
    """Return cached memory to the system, so that it can be allocated in other sizes, and by other programs."""
    return_freed_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def in_smaller_batches(
    work: Callable[[np.ndarray], tuple[Tensor, ...]], rows: np.ndarray, result_device: torch.device | None = None
) -> tuple[Tensor, ...]:
    """work(rows), each [rows, ...]; in halves, and those in halves, where memory runs out.

    result_device: where the results are to lie. Raises what `work` raises when a single photo does not fit.
    """
    try:
        return tuple(value if result_device is None else value.to(result_device) for value in work(rows))
    except Exception as error:
        if not is_out_of_memory(error) or len(rows) < 2:
            raise
    release_memory()
    middle = len(rows) // 2
    halves = [in_smaller_batches(work, half, result_device) for half in (rows[:middle], rows[middle:])]
    return tuple(torch.cat(pair) for pair in zip(*halves, strict=True))


def max_micro_batch_in_memory(bytes_per_photo: float) -> int:
    """How many photos a training step may hold in the free memory of the processor, with some to spare."""
    return int(_STEP_SHARE * psutil.virtual_memory().available / max(bytes_per_photo, 1))


def memory_budget(device: torch.device) -> int:
    """Bytes that cached activations may take. A share of all memory, not of what is free at the moment: a resumed run
    must decide alike.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 4
    return psutil.virtual_memory().total // 8
