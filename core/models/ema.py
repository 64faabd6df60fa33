"""An average of the weights that follows them, and is often better than they are at any one moment.

Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992; in its
exponential form as in Tarvainen and Valpola, "Mean teachers are better role models", NeurIPS 2017, section 2. Batch
norm's running statistics are averaged with the weights that they belong to.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from core.models.model import TrainedModel


class ModelEma:
    """model: whose tensors `names` are averaged. decay: the share of the old average in each new one.

    tensors: by name, the average, as the model has them in memory.
    """

    def __init__(self, model: TrainedModel, names: Sequence[str], decay: float) -> None:
        self.decay = decay
        own = model.state_dict()
        self._own = {name: own[name] for name in names}
        self.tensors = {name: value.clone() for name, value in self._own.items()}
        self._floats = [name for name, value in self._own.items() if value.is_floating_point()]
        self._counters = [name for name in names if name not in self._floats]

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """By name, the weights themselves, of which this is the average."""
        return self._own

    @torch.no_grad()
    def follow(self, steps: int) -> None:
        """One step was taken, the `steps`-th of the run: average <- decay average + (1 - decay) weights."""
        kept = decay_at(self.decay, steps)
        averages, weights = ([of[name] for name in self._floats] for of in (self.tensors, self._own))
        torch._foreach_lerp_(averages, weights, 1 - kept)
        for name in self._counters:
            self.tensors[name].copy_(self._own[name])

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what was saved of it."""
        for name, value in self.tensors.items():
            value.copy_(tensors[name])

    @contextmanager
    def swap_in(self) -> Iterator[None]:
        """While the block lasts, the model is the average; afterwards it is, to the bit, what it was."""
        before = {name: value.clone() for name, value in self._own.items()}
        self._become(self.tensors)
        try:
            yield
        finally:
            self._become(before)

    @torch.no_grad()
    def _become(self, tensors: Mapping[str, Tensor]) -> None:
        for name, value in self._own.items():
            value.copy_(tensors[name])


def decay_at(decay: float, steps: int) -> float:
    """Less at the beginning, or the average would long remember the weights before the first step.

    As in TensorFlow's ExponentialMovingAverage with `num_updates`.
    """
    return min(decay, (1 + steps) / (10 + steps))
