"""A run as its page draws it: curves, scores, phases, progress. Filled by the events, or from the database."""

from dataclasses import dataclass, field
from typing import Any

from core.evaluation import EpochScores, Reference, Verdict, verdict
from core.monitoring.curve import Curve
from core.plans import Plan
from core.runs import Point, RunProgress, State
from core.tasks import KINDS, Task


@dataclass(frozen=True)
class EpochRow:
    """One epoch that ended, as its event tells it. scores: by task."""

    epoch: int
    phase: int
    step: int
    best: bool
    accuracy_text: str
    seconds: float
    images_per_second: float
    scores: dict[str, EpochScores]


def epoch_from(facts: dict[str, Any]) -> EpochRow:
    scores = {task: EpochScores(**of_task) for task, of_task in facts["scores"].items()}
    return EpochRow(**{name: facts[name] for name in EpochRow.__annotations__ if name != "scores"}, scores=scores)


@dataclass
class RunView:
    """kinds, head_widths: of each task, its kind of label and how many numbers its head gives.

    phases: step and name of each that began. stages: names from stem to head.
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
    _verdicts: dict[tuple, Verdict] = field(default_factory=dict)

    def add(self, points: list[Point]) -> None:
        for name, step, value in points:
            if name not in self.curves:
                self.curves = {**self.curves, name: Curve()}  # a new dict: another thread may be reading the old one
            self.curves[name].append(step, value)

    def learn(self, kind: str, facts: dict[str, Any]) -> None:
        """Take in one event of the history."""
        match kind:
            case "began":
                self.head_widths = facts["classes"]
                self.kinds = facts.get("kinds", {})  # of runs before there were several, none
            case "phase":
                self.phases = [*self.phases, {"step": facts["step"], "name": facts["name"]}]
                self.stages = facts["stages"]
            case "epoch":
                self.epochs = [*self.epochs, epoch_from(facts)]
            case "unstable":
                self.loss_is_finite = False
            case "resumed":
                self.loss_is_finite = True

    def verdict(self, task: str) -> Verdict:
        """What this task's curves say so far; worked out once per epoch."""
        ended = self.state in ("finished", "stopped")
        key = (task, len(self.epochs), self.progress.rewound, self.loss_is_finite, ended)
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(task, ended)
        return self._verdicts[key]

    def _judge(self, task: str, ended: bool) -> Verdict:
        kind = KINDS[self.kinds.get(task, Task.kind)]
        reference = Reference(
            kind=kind,
            levels=kind.score_levels(self.head_widths.get(task, 2)),
            epochs_planned=self.plan.epochs,
            head_only_accuracy=self._head_alone(task),
            ended=ended,
            can_freeze=any(self._stages_learn()) and self.plan.backbone.weights != "random",
            can_unfreeze=not all(self._stages_learn()),
        )
        return verdict([row.scores[task] for row in self.epochs], reference, self.loss_is_finite)

    def _stages_learn(self) -> list[bool]:
        """By stage, whether it learns in some phase."""
        return [any(rates) for rates in zip(*(phase.stage_rates for phase in self.plan.phases), strict=True)]

    def _head_alone(self, task: str) -> float | None:
        """The clean training accuracy that the head reached while every stage was frozen, once others learn, too."""
        frozen = [all(rate == 0 for rate in phase.stage_rates) for phase in self.plan.phases]
        if not self.epochs or frozen[self.epochs[-1].phase]:
            return None
        alone = [row.scores[task].train_accuracy for row in self.epochs if frozen[row.phase]]
        return max(alone, default=None)
