"""What the frozen part of the network says about each photo, computed once."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from torch import Tensor

from core.training.events import Prepared

Values = tuple[Tensor, ...]


@dataclass(frozen=True)
class KeptActivations:
    """What crosses the cut, for some rows of the dataset.

    values: each [photos, ...], on the device that trains. place: int64 [rows of the dataset], where a row lies in
    them; -1 where it was not kept.
    """

    values: Values
    place: np.ndarray

    def at(self, rows: np.ndarray) -> Values:
        places = torch.from_numpy(self.place[rows]).to(self.values[0].device)
        return tuple(value.index_select(0, places) for value in self.values)


def keep(
    compute: Callable[[np.ndarray], Values], rows: np.ndarray, dataset_rows: int, batch_size: int
) -> Generator[Prepared, None, KeptActivations]:
    """Compute and keep the values of `rows`, telling how far it is.

    The batches are the same whenever it is done again, so that a resumed run gets the same bits.
    """
    kept: list[Tensor] = []
    done = 0
    for batch in np.split(rows, range(batch_size, len(rows), batch_size)):
        values = compute(batch)
        if not kept:
            kept = [value.new_empty((len(rows), *value.shape[1:])) for value in values]
        for whole, value in zip(kept, values, strict=True):
            whole[done : done + len(batch)] = value
        done += len(batch)
        yield Prepared("Looking once at every photo with the frozen part", done, len(rows))
    place = np.full(dataset_rows, -1)
    place[rows] = np.arange(len(rows))
    return KeptActivations(tuple(kept), place)


def memory_budget(device: torch.device) -> int:
    """Bytes that may be kept. A share of all memory, not of what is free just now: a resumed run must choose alike."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory // 4
    return psutil.virtual_memory().total // 8
