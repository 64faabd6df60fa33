"""What a term of the loss may look at."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Lesson:
    """What a teacher says about the photos of a batch, and what the student says in the teacher's terms.

    answers, own_answers: [images, classes of the teacher], before softmax. features, own_features: [images, channels of
    the teacher].
    """

    answers: Tensor
    features: Tensor
    own_answers: Tensor
    own_features: Tensor


@dataclass(frozen=True)
class Outcome:
    """What one batch became on its way through the network.

    features: [images, channels], as the heads saw them. logits: by task, [images, classes].
    labels: by task, int64 [images], MISSING (-1) where a photo has none. lesson: where the plan names a teacher.
    """

    features: Tensor
    logits: dict[str, Tensor]
    labels: dict[str, Tensor]
    lesson: Lesson | None = None

    def of_others(self, other: np.ndarray) -> "Outcome":
        """The same answers beside what is known of other photos of the batch. other: int64 [images], which."""
        places = torch.from_numpy(other).to(self.features.device)
        lesson = self.lesson and replace(
            self.lesson, answers=self.lesson.answers[places], features=self.lesson.features[places]
        )
        return replace(self, labels={task: labels[places] for task, labels in self.labels.items()}, lesson=lesson)
