"""How much each of several tasks counts in the loss: alike, by weights set by hand, or by weights that are learned.

Kendall, Gal and Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
CVPR 2018, section 3.2: the softmax likelihood of equation 10, where a classification task adds L / sigma^2 +
log(sigma). It is learned as s = log(sigma^2), which may take any value (section 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Report

if TYPE_CHECKING:
    from torch import Tensor, nn

LOG_VARIANCES = "log_variances"  # the parameter that is learned
PANEL = "How much each label counts"
HELP = "What a mistake in each label costs: learned, and 1 at first."


def _pairs(value: Any) -> Any:
    """Sorted, so that equal weights give equal plans, whatever their order."""
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


# A JSON object in a plan's file; pairs in memory, since plans are keys of dictionaries.
TaskWeights = Annotated[
    tuple[tuple[str, Annotated[float, Field(ge=0, le=1_000)]], ...], BeforeValidator(_pairs), PlainSerializer(dict)
]


@dataclass(frozen=True)
class TaskBalance:
    """weights: by task, 1 where a task is not there. learns: whether uncertainty weighs them, and `auxiliary` has it
    under the name `kind`.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    learns: bool = False
    kind: str = "cross_entropy"

    def check(self, tasks: Sequence[str]) -> None:
        """Raises ValueError where this makes no sense for a plan of these tasks."""
        if (self.learns or self.weights) and len(tasks) == 1:
            raise ValueError(
                "one label alone has nothing to be weighed against: learn several together, or let them count alike"
            )
        if self.learns and self.weights:
            raise ValueError("the weights of labels are learned or set by hand: choose one")
        if unknown := [task for task in self.weights if task not in tasks]:
            raise ValueError(
                f'a weight is set for "{unknown[0]}", which is not learned: its labels are {", ".join(tasks)}'
            )
        if not any(self.weights.get(task, 1.0) for task in tasks):
            raise ValueError("every label has the weight 0, so nothing is learned: give one of them more")

    def __call__(self, output: BatchOutput, losses: Mapping[str, Tensor]) -> Tensor:
        """Loss (scalar) of several tasks. losses: by task, scalars; a task without a label in the batch adds nothing.

        Heads that are fitted alone have nothing in common but features that none of them changes: they count alike.
        """
        import torch

        from core.tasks import MISSING

        if self.learns and self.kind in output.auxiliary:
            present = torch.stack([(output.labels[task] != MISSING).any() for task in losses])
            uncertain = weigh_by_uncertainty(torch.stack([*losses.values()]), self._log_variances(output))
            return torch.where(present, uncertain, uncertain.new_zeros(())).sum()
        return torch.stack([self.weights.get(task, 1.0) * loss for task, loss in losses.items()]).sum()

    def reports(self, tasks: Sequence[str]) -> tuple[Report, ...]:
        """The learned weight of each task as a curve, all of them on one panel."""
        if not self.learns:
            return ()
        return tuple(
            Report(f"weight/{task}", task, partial(self._weight, place=place), PANEL, HELP)
            for place, task in enumerate(tasks)
        )

    def _weight(self, output: BatchOutput, place: int) -> Tensor:
        """exp(-s) of one task (scalar); 1 where heads are fitted alone."""
        if self.kind not in output.auxiliary:
            return output.features.new_ones(())
        return (-self._log_variances(output)[place]).exp()

    def _log_variances(self, output: BatchOutput) -> Tensor:
        return output.auxiliary[self.kind].get_parameter(LOG_VARIANCES)


EQUAL = TaskBalance()


def weigh_by_uncertainty(losses: Tensor, log_variances: Tensor) -> Tensor:
    """exp(-s) L + s / 2 of each task, [tasks]; its minimum in s, 1/2 log(2 e L), is at s = log(2 L)."""
    return (-log_variances).exp() * losses.float() + log_variances / 2


def make_uncertainty(tasks: int) -> nn.Module:
    """Learns s of each task, `log_variances` [tasks]; from 0, where all count alike."""
    import torch
    from torch import nn

    module = nn.Module()
    module.register_parameter(LOG_VARIANCES, nn.Parameter(torch.zeros(tasks)))
    return module
