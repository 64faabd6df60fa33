"""Kinds of head: the linear one, trained or fitted, and the simple ones of classical machine learning.

Simple heads learn from a frozen network's features at once, in one epoch; `core.evaluation.simple_heads` computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from core.objectives import CrossEntropy

if TYPE_CHECKING:
    from core.plans.plan import Plan  # which has a head

HeadKind = Literal["linear", "logistic_regression", "linear_svm", "nearest_neighbors", "nearest_centroid"]
HEAD_KINDS: tuple[HeadKind, ...] = get_args(HeadKind)
HEAD_ALONE_EPOCHS = 20  # of a linear head that learns alone


@dataclass(frozen=True)
class SimpleHead:
    """title, sentence: what it is in words. setting: what cross-validation chooses of it, "" where nothing is."""

    title: str
    sentence: str
    setting: str = ""


SIMPLE_HEADS: dict[HeadKind, SimpleHead] = {
    "logistic_regression": SimpleHead(
        "Logistic regression",
        "Weighs every feature for and against each class, no more strongly than the photos bear out.",
        "C",
    ),
    "linear_svm": SimpleHead(
        "Linear support vectors",
        "Leaves the widest margin between the classes, and looks only at photos near it.",
        "C",
    ),
    "nearest_neighbors": SimpleHead(
        "Nearest neighbours",
        "Keeps the features of all training photos, and answers what those most like a new photo are.",
        "k",
    ),
    "nearest_centroid": SimpleHead(
        "Class means",
        "Takes each class for the mean of its photos, and answers the nearest mean. Hard to beat with very few photos.",
    ),
}


def is_simple(kind: HeadKind) -> bool:
    return kind in SIMPLE_HEADS


def with_head_kind(plan: Plan, kind: HeadKind) -> Plan:
    """The plan with another kind of head, which learns in as many epochs as it takes where it learns alone; all else
    stays, also what does not go with it. Not checked yet.
    """
    changes: dict[str, object] = {"head": plan.head.model_copy(update={"kind": kind})}
    phase = plan.phases[0]
    learns_alone = len(plan.phases) == 1 and phase.first_trainable_stage == len(phase.stage_rates)
    if learns_alone and is_simple(kind) != is_simple(plan.head.kind):
        epochs = 1 if is_simple(kind) else HEAD_ALONE_EPOCHS
        changes["phases"] = (phase.model_copy(update={"epochs": epochs}),)
    return plan.model_copy(update=changes)


def refuse_what_no_simple_head_can(plan: Plan) -> None:
    """Raises ValueError with the first thing that does not go with the plan's simple head, if it has one."""
    if not is_simple(plan.head.kind):
        return
    phases, stages = plan.phases, len(plan.phases[0].stage_rates)
    refusals = (
        (plan.first_trainable_stage < stages, "needs a frozen network: freeze every stage"),
        (plan.teacher is not None, "learns from labels alone: leave the teacher out"),
        (plan.target is not None, "changes nothing before it: leave the photos from another place out"),
        (plan.augmentation.mixes, "learns from photos as they are: turn mixup and cutmix off"),
        (plan.head.dropout > 0, "takes no steps in which features could be dropped: set dropout to 0"),
        (plan.optimizer.ema_decay > 0, "takes no steps to average over: turn the average of the weights off"),
        (plan.soup > 0, "has one epoch, of which no soup can be made: turn the soup off"),
        (plan.drop_path > 0, "drops nothing of a frozen network: set stochastic depth to 0"),
        (plan.sampling != "shuffled", "looks at all photos at once: let them not be drawn class by class"),
        (plan.objectives != (CrossEntropy(),), "has a loss of its own: keep to the plain cross-entropy"),
        (len(phases) > 1 or plan.epochs > 1, "is computed at once: give it one phase of one epoch"),
        (phases[0].solver != "lbfgs", "takes no steps, so it has no rate: set the solver of its phase to lbfgs"),
        (phases[0].head_rate == 0, "is frozen: give it any rate above 0"),
    )
    for is_so, reason in refusals:
        if is_so:
            title = SIMPLE_HEADS[plan.head.kind].title
            raise ValueError(f'the head "{title}" {reason}, or choose the linear head')
