"""A run as its page draws it: curves, scores, phases, progress. Filled by events, live or from the database."""

from dataclasses import dataclass, field
from typing import Any

from core.evaluation import EpochScores, Reference, Trial, Verdict, verdict
from core.monitoring.curve import Curve
from core.plans import Plan, fits_heads
from core.runs import Point, RunProgress, State
from core.tasks import KINDS, LabelKind, Task


@dataclass(frozen=True)
class EpochRow:
    """One epoch that ended. scores: by task."""

    epoch: int
    phase: int
    step: int
    best: bool
    accuracy_text: str
    seconds: float
    images_per_second: float
    scores: dict[str, EpochScores]


def epoch_row_from(facts: dict[str, Any]) -> EpochRow:
    """facts: of the epoch's event in the history."""
    scores = {task: EpochScores(**of_task) for task, of_task in facts["scores"].items()}
    return EpochRow(**{name: facts[name] for name in EpochRow.__annotations__ if name != "scores"}, scores=scores)


@dataclass
class RunView:
    """One run, up to now. kinds, head_widths: of each task, its kind of label and how many numbers its head gives.

    phases: step and name of each that began. stages: names from stem to head. trials: by task, of a run that is over.
    """

    plan: Plan
    state: State
    progress: RunProgress
    kinds: dict[str, str] = field(default_factory=dict)
    head_widths: dict[str, int] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    epochs: list[EpochRow] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    loss_is_finite: bool = True
    trials: dict[str, Trial] = field(default_factory=dict)
    _verdicts: dict[tuple, Verdict] = field(default_factory=dict)

    def append_points(self, points: list[Point]) -> None:
        for name, step, value in points:
            if name not in self.curves:
                self.curves = {**self.curves, name: Curve()}  # a new dict: another thread may be reading the old one
            self.curves[name].append(step, value)

    def apply_event(self, kind: str, facts: dict[str, Any]) -> None:
        """Update the view by one event of the history."""
        match kind:
            case "began":
                self.head_widths = facts["classes"]
                self.kinds = facts.get("kinds", {})  # of runs before there were several, none
            case "phase":
                self.phases = [*self.phases, {"step": facts["step"], "name": facts["name"]}]
                self.stages = facts["stages"]
            case "epoch":
                self.epochs = [*self.epochs, epoch_row_from(facts)]
            case "unstable":
                self.loss_is_finite = False
            case "resumed":
                self.loss_is_finite = True

    def kind_of(self, task: str) -> LabelKind:
        return KINDS[self.kinds.get(task, Task.kind)]

    def verdict(self, task: str) -> Verdict:
        """What a task's curves say so far; computed once per epoch."""
        ended = self.state in ("finished", "stopped")
        key = (task, len(self.epochs), self.progress.rewound, self.loss_is_finite, ended)
        if key not in self._verdicts:
            self._verdicts[key] = self._compute_verdict(task, ended)
        return self._verdicts[key]

    def _compute_verdict(self, task: str, ended: bool) -> Verdict:
        kind = self.kind_of(task)
        reference = Reference(
            kind=kind,
            levels=kind.score_levels(self.head_widths.get(task, 2)),
            epochs_planned=self.plan.epochs,
            head_only_accuracy=self._head_only_accuracy(task),
            trial=self.trials.get(task),
            ended=ended,
            has_head_rate=not all(fits_heads(self.plan, phase) for phase in self.plan.phases),
            head_kind=self.plan.head.kind,
            can_freeze=any(self._trainable_stages()) and self.plan.backbone.weights != "random",
            can_unfreeze=not all(self._trainable_stages()),
        )
        return verdict([row.scores[task] for row in self.epochs], reference, self.loss_is_finite)

    def _trainable_stages(self) -> list[bool]:
        """By stage, whether some phase trains it."""
        return [any(rates) for rates in zip(*(phase.stage_rates for phase in self.plan.phases), strict=True)]

    def _head_only_accuracy(self, task: str) -> float | None:
        """Clean training accuracy that the head reached while every stage was frozen; None as long as that is so."""
        frozen = [all(rate == 0 for rate in phase.stage_rates) for phase in self.plan.phases]
        if not self.epochs or frozen[self.epochs[-1].phase]:
            return None
        accuracies = [row.scores[task].train_accuracy for row in self.epochs if frozen[row.phase]]
        return max(accuracies, default=None)
