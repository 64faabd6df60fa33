"""The numbers of steps on their way from the device that computed them."""

from collections import deque

import torch
from torch import Tensor

from core.job import Stepped

Reading = tuple[Stepped, tuple[float, ...]]


class DeferredMetrics:
    """What steps say, with their numbers once those have arrived.

    A processor's are read at once. Of a GPU they are read when the step after is under way: it never waits for Python
    to have read a number before it gets the next step.
    """

    def __init__(self, device: torch.device, late: int | None = None) -> None:
        self._late = late if late is not None else int(device.type == "cuda")
        self._on_the_way: deque[tuple[Stepped, Tensor, torch.cuda.Event | None]] = deque()

    def add(self, said: Stepped, numbers: Tensor) -> list[Reading]:
        """One more step, whose numbers [n] may still be computed. Gives those that can be read by now."""
        arrived = None
        if numbers.device.type == "cuda":
            numbers, arrived = numbers.to("cpu", non_blocking=True), torch.cuda.Event()
            arrived.record()
        self._on_the_way.append((said, numbers, arrived))
        return [self._read() for _ in range(len(self._on_the_way) - self._late)]

    def rest(self) -> list[Reading]:
        """Those of all steps, waited for."""
        return [self._read() for _ in range(len(self._on_the_way))]

    def _read(self) -> Reading:
        said, numbers, arrived = self._on_the_way.popleft()
        if arrived:
            arrived.synchronize()
        return said, tuple(numbers.tolist())
