"""What a term of the loss may look at."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class DistillationTargets:
    """What a teacher says about the photos of a batch, and what the student says in the teacher's terms.

    answers, own_answers: before softmax, [images, classes] for each thing that the teacher tells apart. features,
    own_features: [images, channels of the teacher].
    """

    answers: tuple[Tensor, ...]
    features: Tensor
    own_answers: tuple[Tensor, ...]
    own_features: Tensor

    def with_permuted_targets(self, places: Tensor) -> "DistillationTargets":
        """What the teacher says about other photos of the batch. places: int64 [images], which."""
        answers = tuple(each[places] for each in self.answers)
        return replace(self, answers=answers, features=self.features[places])


@dataclass(frozen=True)
class Outcome:
    """What one batch became on its way through the network.

    features: [images, channels], as the heads saw them. logits: by task, [images, classes].
    labels: by task, int64 [images], MISSING (-1) where a photo has none. lesson: where the plan names a teacher.
    """

    features: Tensor
    logits: dict[str, Tensor]
    labels: dict[str, Tensor]
    lesson: DistillationTargets | None = None

    def with_permuted_targets(self, other: np.ndarray) -> "Outcome":
        """The same answers beside what is known of other photos of the batch. other: int64 [images], which."""
        places = torch.from_numpy(other).to(self.features.device)
        labels = {task: each[places] for task, each in self.labels.items()}
        return replace(self, labels=labels, lesson=self.lesson and self.lesson.with_permuted_targets(places))
