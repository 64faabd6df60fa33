"""The state of a run that changes while it trains: all that a resumed run needs to be bit-equal to an unbroken one.

Random numbers are not in it: they depend on seed, epoch, step and photo alone (`core/device/rng.py`).
"""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from core.device import ComputeConfig
from core.evaluation import EpochScores, LossHistory
from core.job import phase_at
from core.models import InitialWeights, ModelEma, TrainedModel
from core.plans import Plan
from core.training.soup import Ingredient


@dataclass
class Position:
    """How far training is. epoch: epochs completed. batch: batches completed in the current epoch. step: optimizer
    steps of the whole run. images, seconds: seen and spent in the current epoch, evaluation left out.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    images: int = 0
    seconds: float = 0.0

    def advance(self, images: int, seconds: float, steps: int = 1) -> None:
        """Count one more batch, or several."""
        self.batch, self.step = self.batch + steps, self.step + steps
        self.images, self.seconds = self.images + images, self.seconds + seconds

    def end_epoch(self) -> None:
        self.epoch, self.batch, self.images, self.seconds = self.epoch + 1, 0, 0, 0.0


@dataclass
class Best:
    """The best epoch so far, counted from 1; 0 before there is one. loss: what selects it (`selection_metric`).

    soup: the epochs whose mean is the run's model in its place (`core.training.soup`).
    """

    epoch: int = 0
    loss: float = math.inf
    soup: list[int] = field(default_factory=list)


@dataclass
class TrainingState:
    """history: per epoch, the scores by task. losses: by task, per-photo validation losses of earlier epochs.

    compute_config: saved, since a resumed run must compute as it began.
    micro_batch_size: below the batch size after memory ran out; a step then accumulates gradients of micro-batches.
    penalties: by phase, the strength of the L2 penalty of its fitted heads (`core.training.head_fit`), once chosen.
    cached_views: by phase, how many views of a photo it is trained on (`core.plans.augmented_views`), once decided.
    ema: the exponential moving average of the weights, where the plan asks for one.
    initial_weights: those before the first step, where an objective needs them; made anew when a run is resumed.
    ingredients: of a soup, the best epochs of the phase under way, the best first, where the plan asks for one.
    auxiliary: modules trained beside the model and thrown away with the run, by name ("distillation"); they are
    optimised and saved by that name.
    """

    model: TrainedModel
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    compute_config: ComputeConfig
    losses: dict[str, LossHistory]
    micro_batch_size: int
    cached_views: dict[int, int] = field(default_factory=dict)
    penalties: dict[int, float] = field(default_factory=dict)
    ema: ModelEma | None = None
    initial_weights: InitialWeights | None = None
    ingredients: list[Ingredient] = field(default_factory=list)
    auxiliary: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    position: Position = field(default_factory=Position)
    best: Best = field(default_factory=Best)
    history: list[dict[str, EpochScores]] = field(default_factory=list)

    def update_ema(self) -> None:
        """Update the moving average after a step that the position does not count yet."""
        if self.ema:
            self.ema.update(self.position.step + 1)

    def evaluated_weights(self) -> AbstractContextManager[object]:
        """Within the block, the model has the weights that are evaluated and saved: their moving average, if any."""
        return self.ema.swap_in() if self.ema else nullcontext()

    def end_epoch(self, scores: dict[str, EpochScores], loss: float) -> bool:
        """Add an epoch's scores. loss: what selects the best epoch, the lowest. Returns whether it is this one."""
        self.position.end_epoch()
        self.history.append(scores)
        if loss < self.best.loss:
            self.best = Best(self.position.epoch, loss)
        return self.best.epoch == self.position.epoch

    def facts(self) -> dict[str, Any]:
        """All that is no tensor, as JSON."""
        return {
            "position": vars(self.position),
            "best": vars(self.best) if self.best.epoch else None,
            "ingredients": [{"epoch": each.epoch, "loss": each.loss} for each in self.ingredients],
            "history": [{task: vars(scores) for task, scores in epoch.items()} for epoch in self.history],
            "scaler": self.scaler.state_dict(),
            "compute_config": self.compute_config.facts(),
            "micro_batch_size": self.micro_batch_size,
            "cached_views": {str(phase): views for phase, views in self.cached_views.items()},
            "penalties": {str(phase): penalty for phase, penalty in self.penalties.items()},
        }

    def load_facts(self, facts: dict[str, Any]) -> None:
        """The inverse of `facts`."""
        vars(self.position).update(facts["position"])
        self.best = Best(**facts["best"]) if facts["best"] else Best()
        self.history = [{task: EpochScores(**scores) for task, scores in epoch.items()} for epoch in facts["history"]]
        self.scaler.load_state_dict(facts["scaler"])
        self.micro_batch_size = facts["micro_batch_size"]
        self.cached_views = {int(phase): views for phase, views in facts["cached_views"].items()}
        # Checkpoints of before heads were fitted have none.
        self.penalties = {int(phase): penalty for phase, penalty in facts.get("penalties", {}).items()}


def stop_reason(state: TrainingState, plan: Plan) -> str:
    """Why training ends here: "finished", "early" (early stopping), or "" when another epoch follows.

    Patience counts within a phase, so that newly unfrozen stages get as many epochs to improve the model.
    """
    epoch = state.position.epoch
    if epoch >= plan.epochs:
        return "finished"
    if plan.early_stopping is None:
        return ""
    phase_began = phase_at(plan, max(epoch - 1, 0)).first_epoch
    return "early" if epoch - max(state.best.epoch, phase_began) >= plan.early_stopping.patience else ""
