"""What an objective computes its term from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


@dataclass(frozen=True)
class DistillationTargets:
    """A teacher's outputs for the photos of a batch, and the student's in the teacher's terms.

    teacher_logits, student_logits: one [images, classes] for each task of the teacher. teacher_features,
    student_features: [images, channels of the teacher].
    """

    teacher_logits: tuple[Tensor, ...]
    teacher_features: Tensor
    student_logits: tuple[Tensor, ...]
    student_features: Tensor

    def with_permuted_teacher(self, places: Tensor) -> DistillationTargets:
        """The teacher's outputs for other photos of the batch. places: int64 [images], which."""
        logits = tuple(each[places] for each in self.teacher_logits)
        return replace(self, teacher_logits=logits, teacher_features=self.teacher_features[places])


@dataclass(frozen=True)
class TargetOutput:
    """The model's outputs for a batch of the target dataset, whose labels are not looked at.

    features: [images, channels]. logits: by task, [images, classes]. As many images as of the source.
    """

    features: Tensor
    logits: dict[str, Tensor]


@dataclass(frozen=True)
class LearnedWeights:
    """The model's weights as they are at this step.

    stages: parameters of the backbone's stages that learn. initial: what each of them was before the first step,
    without gradients. heads: the new parameters.
    """

    stages: tuple[Tensor, ...]
    initial: tuple[Tensor, ...]
    heads: tuple[Tensor, ...]


@dataclass(frozen=True)
class BatchOutput:
    """The model's outputs for one batch, and the targets to compare them with.

    features: [images, channels], the input of the heads. logits: by task, [images, classes]. labels: by task, int64
    [images], MISSING (-1) where a photo has none. distillation: where the plan names a teacher. auxiliary: by name,
    modules that learn beside the model. target: where the plan names a target dataset. progress: how much of the
    training is done, 0 to 1. weights: where an objective needs those that training began with.
    """

    features: Tensor
    logits: dict[str, Tensor]
    labels: dict[str, Tensor]
    distillation: DistillationTargets | None = None
    auxiliary: Mapping[str, nn.Module] = field(default_factory=dict)
    target: TargetOutput | None = None
    progress: float = 0.0
    weights: LearnedWeights | None = None

    @property
    def in_target(self) -> TargetOutput:
        """The outputs for the target dataset, for the objectives that need it: their plans name one."""
        assert self.target is not None, "the plan names a target dataset"
        return self.target

    @property
    def learned_weights(self) -> LearnedWeights:
        """The weights beside their start, for the objectives that need them."""
        assert self.weights is not None, "an objective of the plan needs the initial weights"
        return self.weights

    def with_permuted_targets(self, order: np.ndarray) -> BatchOutput:
        """These outputs beside the labels and the teacher's outputs of other photos of the batch.

        order: int64 [images], which photo's.
        """
        import torch

        places = torch.from_numpy(order).to(self.features.device)
        labels = {task: each[places] for task, each in self.labels.items()}
        return replace(
            self, labels=labels, distillation=self.distillation and self.distillation.with_permuted_teacher(places)
        )
