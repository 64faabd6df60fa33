"""L2-SP: the network stays near the weights that it came with.

Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", ICML 2018,
equation 3: the parameters that were there before are pulled to where they started (SP, the starting point), the new
ones, those of the heads, to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor


def distance_from_start(output: BatchOutput) -> Tensor:
    """How far the stages that learn have gone: the Euclidean length of the change of all their weights (scalar)."""
    return squared_distance(output).sqrt()


class L2Sp(Objective):
    """Pull weights to where they started.

    pull: alpha in the paper, of the stages that learn. head_pull: beta, of the heads. The paper takes 0.1 and 0.01.
    """

    title: ClassVar[str] = "Stay near the start (L2-SP)"
    needs: ClassVar[frozenset[Need]] = frozenset({"initial_weights"})
    reports: ClassVar[tuple[Report, ...]] = (Report("distance", "Distance from the start", distance_from_start),)

    kind: Literal["l2_sp"] = "l2_sp"
    pull: Annotated[float, Slider(0.0, 10.0, 0.1)] = Field(
        default=0.1,
        ge=0,
        le=10_000,
        title="Pull to the start",
        description="How strongly the stages that learn are held to the weights that they came with. It helps where "
        "few photos would make a network forget much of what it knows.",
    )
    head_pull: Annotated[float, Slider(0.0, 1.0, 0.01)] = Field(
        default=0.01,
        ge=0,
        le=10_000,
        title="Pull of the head",
        description="How strongly the new head is held to zero, so that it stays simple.",
    )

    def make_term(self, context: ObjectiveContext) -> Term:
        return partial(l2_sp, pull=self.pull, head_pull=self.head_pull)


def l2_sp(output: BatchOutput, pull: float, head_pull: float) -> Tensor:
    """Loss (scalar): pull / 2 times the squared distance of the stages that learn from their start, and head_pull / 2
    times the squared norm of the heads.
    """
    return pull / 2 * squared_distance(output) + head_pull / 2 * _squared_norm(output, output.learned_weights.heads)


def squared_distance(output: BatchOutput) -> Tensor:
    """Of the stages that learn from their start (scalar)."""
    weights = output.learned_weights
    return _squared_norm(output, [now - start for now, start in zip(weights.stages, weights.initial, strict=True)])


def _squared_norm(output: BatchOutput, tensors: Sequence[Tensor]) -> Tensor:
    """Of all entries of these tensors together (scalar); 0 of none. output: says on which device."""
    import torch

    zero = output.features.new_zeros((), dtype=torch.float32)
    return torch.stack([zero, *(each.float().square().sum() for each in tensors)]).sum()
