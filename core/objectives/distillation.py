"""Learning from a teacher: a larger network that knows more than the labels say.

LogitDistillation: the student answers as the teacher does, wrong classes included. Hinton, Vinyals and Dean,
"Distilling the Knowledge in a Neural Network", 2015, section 2.
FeatureDistillation: its features point where the teacher's do, after one linear layer. Romero et al., "FitNets",
ICLR 2015, with directions in place of squared differences, because the scale of features is each network's own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from core.objectives.outcome import DistillationTargets, Outcome


@dataclass(frozen=True)
class LogitDistillation:
    """T^2 KL(softmax(teacher / T) || softmax(student / T)), the mean over the photos and what the teacher tells apart.

    temperature: T; the higher, the more the small answers count. T^2 keeps the size of the gradients the same (section
    2 of the paper), so that the weight of this term need not change with it.
    """

    temperature: float = 2.0

    def __call__(self, outcome: Outcome) -> Tensor:
        """Loss (scalar); 0 when the student answers exactly as its teacher."""
        lesson = _lesson(outcome)
        pairs = zip(lesson.answers, lesson.own_answers, strict=True)
        return torch.stack([self._divergence(taught, own) for taught, own in pairs]).mean()

    def _divergence(self, taught: Tensor, own: Tensor) -> Tensor:
        t = self.temperature
        teacher, student = (functional.log_softmax(each.float() / t, dim=1) for each in (taught, own))
        return t**2 * functional.kl_div(student, teacher, log_target=True, reduction="batchmean")


@dataclass(frozen=True)
class FeatureDistillation:
    """1 - cosine of the angle between teacher's and student's features, the mean over the photos."""

    def __call__(self, outcome: Outcome) -> Tensor:
        """Loss (scalar), 0 to 2."""
        lesson = _lesson(outcome)
        return 1 - functional.cosine_similarity(lesson.own_features.float(), lesson.features.float(), dim=1).mean()


def _lesson(outcome: Outcome) -> DistillationTargets:
    assert outcome.lesson is not None, "a plan with a term that looks at a teacher names one"
    return outcome.lesson
