"""The network between two others: what a last stretch of training taught, without all of what it cost."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from tools.starters.held_out import BATCH, normalised


def blend_weights(
    previous: nn.Module,
    after: nn.Module,
    share: float,
    pictures: np.ndarray,
    mean: Sequence[float],
    std: Sequence[float],
) -> nn.Module:
    """The network so far on the straight line of weights from `previous` (0) to `after` (1); `after` becomes it.

    Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022: between a network and what further training
    made of it lie networks that are as good at the new and better at the old. Statistics of batch norm are not on that
    line, so they are taken anew from `pictures`, uint8 [photos, height, width, 3] (Izmailov et al., "Averaging weights
    leads to wider optima and better generalization", UAI 2018, section 3.2).
    """
    old, new = previous.state_dict(), after.state_dict()
    after.load_state_dict(
        {
            name: torch.lerp(old[name], value, share) if value.is_floating_point() else value
            for name, value in new.items()
        }
    )
    batches = range(0, len(pictures), BATCH)
    update_bn((normalised(pictures[start : start + BATCH], mean, std) for start in batches), after)
    return after.eval()
