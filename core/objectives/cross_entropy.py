"""Cross-entropy: the negative log-likelihood of the labels, in nats.

Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from core.objectives.batch_output import BatchOutput
from core.objectives.objective import Need, Objective, ObjectiveContext, Report, Slider, Term
from core.objectives.task_balance import EQUAL, TaskBalance, TaskWeights, make_uncertainty

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


class CrossEntropy(Objective):
    """Learn the labels.

    label_smoothing: the share of the right answer that is spread evenly over all classes. balance_classes: every class
    counts alike, however many photos it has. task_weights: by task, how much it counts, 1 where it is not named.
    learn_task_weights: tasks count by weights that are learned (`core.objectives.task_balance`).
    """

    title: ClassVar[str] = "Cross-entropy"
    needs: ClassVar[frozenset[Need]] = frozenset({"labels"})

    kind: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Annotated[float, Slider(0.0, 0.5, 0.05)] = Field(
        default=0.0,
        ge=0,
        lt=1,
        title="Label smoothing",
        description="Lets the model be a little unsure even of right answers; can help when labels have errors.",
    )
    balance_classes: bool = Field(
        default=False,
        title="Balance rare classes",
        description="Counts the photos of rare classes more, so that they are not drowned out.",
    )

    task_weights: TaskWeights = ()
    learn_task_weights: bool = False

    @property
    def balance(self) -> TaskBalance:
        return TaskBalance(dict(self.task_weights), self.learn_task_weights, self.kind)

    def make_term(self, context: ObjectiveContext) -> Term:
        counts = context.class_counts if self.balance_classes else {}
        weights = {task: balanced_weights(each) for task, each in counts.items()}
        return partial(cross_entropy, label_smoothing=self.label_smoothing, class_weights=weights, balance=self.balance)

    def make_auxiliary(self, context: ObjectiveContext) -> nn.Module | None:
        return make_uncertainty(len(context.class_counts)) if self.learn_task_weights else None

    def reports_of(self, tasks: Sequence[str]) -> tuple[Report, ...]:
        return self.balance.reports(tasks)


def cross_entropy(
    output: BatchOutput,
    label_smoothing: float,
    class_weights: Mapping[str, Tensor],
    balance: TaskBalance = EQUAL,
) -> Tensor:
    """Loss (scalar): the mean over the labelled photos of each task, and of these the sum, weighted by `balance`.

    A task without any label in the batch adds nothing. class_weights: by task, float32 [classes]; a photo counts as
    much as its class weighs, and 1 where a task has no entry.
    """
    losses = {
        task: _cross_entropy_of_task(logits, output.labels[task], label_smoothing, class_weights.get(task))
        for task, logits in output.logits.items()
    }
    return balance(output, losses)


def _cross_entropy_of_task(logits: Tensor, labels: Tensor, label_smoothing: float, weights: Tensor | None) -> Tensor:
    from torch.nn import functional

    from core.tasks import MISSING

    losses = functional.cross_entropy(
        logits.float(), labels, ignore_index=MISSING, reduction="none", label_smoothing=label_smoothing
    )
    if weights is not None:
        losses = losses * weights.to(losses.device)[labels.clamp(min=0)]
    # Divided by the number of photos, not by the sum of their weights: a batch full of a common class would
    # otherwise count as much as one of rare ones, which is what balancing is there to change.
    return losses.sum() / (labels != MISSING).sum().clamp(min=1)


def balanced_weights(counts: np.ndarray) -> Tensor:
    """Weights [classes] with which every class counts alike and the mean over photos stays 1.

    counts: training photos per class. A class without any weighs nothing.
    """
    import numpy as np
    import torch

    present = counts > 0
    weights = np.where(present, counts.sum() / (max(present.sum(), 1) * np.maximum(counts, 1)), 0.0)
    return torch.from_numpy(weights.astype(np.float32))
