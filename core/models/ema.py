"""Exponential moving average (EMA) of a model's weights, often more accurate than the weights at any one step.

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
    """The average of the tensors `names` of a model. decay: the share of the old average in each new one.

    tensors: the average by name, on the model's device.
    """

    def __init__(self, model: TrainedModel, names: Sequence[str], decay: float) -> None:
        self.decay = decay
        state = model.state_dict()
        self._weights = {name: state[name] for name in names}
        self.tensors = {name: value.clone() for name, value in self._weights.items()}
        self._averaged = [name for name, value in self._weights.items() if value.is_floating_point()]
        self._copied = [name for name in names if name not in self._averaged]

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """The model's own tensors by name, of which this is the average."""
        return self._weights

    @torch.no_grad()
    def update(self, step: int) -> None:
        """average <- decay average + (1 - decay) weights, after the step of this number (from 1 over the whole run)."""
        averages, weights = ([tensors[name] for name in self._averaged] for tensors in (self.tensors, self._weights))
        torch._foreach_lerp_(averages, weights, 1 - decay_at(self.decay, step))
        for name in self._copied:
            self.tensors[name].copy_(self._weights[name])

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from a saved average."""
        for name, value in self.tensors.items():
            value.copy_(tensors[name])

    @contextmanager
    def swap_in(self) -> Iterator[None]:
        """A block in which the model has the averaged weights; afterwards it has its own again, to the bit."""
        own = {name: value.clone() for name, value in self._weights.items()}
        self._copy_into_model(self.tensors)
        try:
            yield
        finally:
            self._copy_into_model(own)

    @torch.no_grad()
    def _copy_into_model(self, tensors: Mapping[str, Tensor]) -> None:
        for name, value in self._weights.items():
            value.copy_(tensors[name])


def decay_at(decay: float, step: int) -> float:
    """The decay at a step: smaller at first, or the average would long contain the weights before the first step.

    As in TensorFlow's ExponentialMovingAverage with `num_updates`.
    """
    return min(decay, (1 + step) / (10 + step))
