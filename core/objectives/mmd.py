"""Multi-kernel maximum mean discrepancy: the features of both datasets have one distribution.

Long et al., "Learning Transferable Features with Deep Adaptation Networks", ICML 2015, section 3, of the features
alone. Departures: all pairs of a batch are compared, and not one pair per photo, since batches are small here; the
kernels weigh alike, and there are 5 of them, a factor of 2 apart, in place of 33.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term

if TYPE_CHECKING:
    from torch import Tensor

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels, times the median squared distance


def mmd(output: BatchOutput) -> Tensor:
    """Loss (scalar, 0 to 2)."""
    return squared_mmd(output.features, output.in_target.features)


def squared_mmd(source: Tensor, target: Tensor) -> Tensor:
    """The squared discrepancy of two sets of features (scalar), the mean over the kernels.

    source, target: [images, channels]. A kernel is exp(-distance² / bandwidth); the bandwidths follow the median
    distance of different photos of the batch, so the scale of features does not matter.
    """
    import torch

    features = torch.cat([source, target]).float()
    distances = squared_distances(features)
    apart = ~torch.eye(len(features), dtype=torch.bool, device=features.device)
    # The bandwidth is a setting, not a way to make the loss smaller. Equal photos alone have no distance at all.
    median = distances.detach()[apart].median().clamp(min=1e-12)
    kernels = torch.stack([torch.exp(-distances / (median * factor)) for factor in BANDWIDTHS]).mean(dim=0)
    count = len(source)
    return kernels[:count, :count].mean() + kernels[count:, count:].mean() - 2 * kernels[:count, count:].mean()


def squared_distances(features: Tensor) -> Tensor:
    """[images, images] of features [images, channels]."""
    # Not `cdist`: the gradient of a root at 0, which the diagonal has, is not finite. Centred, since the difference of
    # large squares has few digits left.
    centred = features - features.mean(dim=0).detach()
    squares = centred.square().sum(dim=1)
    return (squares[:, None] + squares[None, :] - 2 * centred @ centred.T).clamp(min=0)


FEATURE_DISTANCE = Report("distance", "Distance of the two places' features", mmd)


class MultiKernelMmd(Objective):
    """Bring the two datasets' features together."""

    title: ClassVar[str] = "Multi-kernel MMD"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "target_batch"})
    reports: ClassVar[tuple[Report, ...]] = (FEATURE_DISTANCE,)

    kind: Literal["mmd"] = "mmd"
    weight: Annotated[float, Slider(0.0, 4.0, 0.25)] = Field(
        default=1.0,
        ge=0,
        le=1_000,
        title="Alike features count",
        description="How much it counts that what the network sees is alike in both places, beside the labels' 1. "
        "0 is not at all.",
    )

    def make_term(self, context: ObjectiveContext) -> Term:
        return mmd
