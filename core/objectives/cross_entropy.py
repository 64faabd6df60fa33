"""Cross-entropy: how surprised the model is by the right answer, in nats.

Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.objectives.outcome import Outcome

MISSING = -1  # the label of a photo that has none; as in core.datasets, which a formula need not know


@dataclass(frozen=True)
class CrossEntropy:
    """The mean over the labelled photos of each task, summed over the tasks.

    label_smoothing: the share of the right answer that is spread evenly over all classes.
    class_weights: by task, float32 [classes]; a photo counts as much as its class weighs. No entry: all weigh 1.
    """

    label_smoothing: float = 0.0
    class_weights: Mapping[str, Tensor] = field(default_factory=dict)

    def __call__(self, outcome: Outcome) -> Tensor:
        """Loss (scalar). A task without any label in the batch adds nothing."""
        terms = [self._of_task(task, logits, outcome.labels[task]) for task, logits in outcome.logits.items()]
        return torch.stack(terms).sum()

    def _of_task(self, task: str, logits: Tensor, labels: Tensor) -> Tensor:
        losses = functional.cross_entropy(
            logits.float(), labels, ignore_index=MISSING, reduction="none", label_smoothing=self.label_smoothing
        )
        if task in self.class_weights:
            losses = losses * self.class_weights[task].to(losses.device)[labels.clamp(min=0)]
        # Divided by the number of photos, not by the sum of their weights: a batch full of a common class would
        # otherwise count as much as one of rare ones, which is what balancing is there to change.
        return losses.sum() / (labels != MISSING).sum().clamp(min=1)


def balanced(counts: np.ndarray) -> Tensor:
    """Weights [classes] with which every class counts alike and the mean over photos stays 1.

    counts: training photos per class. A class without any weighs nothing.
    """
    present = counts > 0
    weights = np.where(present, counts.sum() / (max(present.sum(), 1) * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights.astype(np.float32))
