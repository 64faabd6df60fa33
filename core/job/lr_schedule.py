"""Which phase an epoch belongs to, and how the learning rates go within it, per step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.backbones import Stage
from core.plans import Phase, Plan

HEAD = "head"  # what the heads are called where stages have names


@dataclass(frozen=True)
class PhaseNow:
    """number: of the phase, from 0. first_epoch: how many epochs are done when it begins."""

    number: int
    phase: Phase
    first_epoch: int


def phase_at(plan: Plan, epoch: int) -> PhaseNow:
    """The phase in which an epoch (from 0) lies. Raises IndexError behind the last one."""
    first = 0
    for number, phase in enumerate(plan.phases):
        if epoch < first + phase.epochs:
            return PhaseNow(number, phase, first)
        first += phase.epochs
    raise IndexError(f"epoch {epoch} of {first}")


def base_learning_rates(phase: Phase, stages: Sequence[Stage]) -> dict[str, float]:
    """The phase's own rates, by stage name, the heads as "head"."""
    return {stage.name: rate for stage, rate in zip(stages, phase.stage_rates, strict=True)} | {HEAD: phase.head_rate}


def learning_rates_at(phase: Phase, stages: Sequence[Stage], step: int, steps_per_epoch: int) -> dict[str, float]:
    """The rates at a step (from 0) of the phase."""
    warmup = warmup_steps(phase.warmup_epochs, steps_per_epoch, phase.epochs)
    now = factor(phase.schedule, step, phase.epochs * steps_per_epoch, warmup)
    return {name: rate * now for name, rate in base_learning_rates(phase, stages).items()}


def factor(schedule: Literal["constant", "cosine", "linear"], step: int, steps: int, warmup_steps: int) -> float:
    """What the rates of a phase are multiplied by at `step` (from 0) of its `steps`; in (0, 1].

    A linear warm-up that ends at 1, then constant, half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5
    without restarts) or a line towards 0, which would be reached one step after the last.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(steps - warmup_steps, 1)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    return 1 - done if schedule == "linear" else 1.0


def warmup_steps(warmup_epochs: float, steps_per_epoch: int, epochs: int) -> int:
    """Warm-up in steps; never the whole phase, so that its own rate is reached."""
    return min(round(warmup_epochs * steps_per_epoch), epochs * steps_per_epoch - 1)
