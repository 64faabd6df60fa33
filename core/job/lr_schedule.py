"""Learning-rate schedules: the phase of an epoch, and the rate of each stage at each step of the phase."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.backbones import Stage
from core.plans import Phase, Plan

HEAD = "head"  # the name of the heads among the names of stages


@dataclass(frozen=True)
class PhasePosition:
    """A phase and its place in the run. number: from 0. first_epoch: epochs completed when it begins."""

    number: int
    phase: Phase
    first_epoch: int


def phase_at(plan: Plan, epoch: int) -> PhasePosition:
    """The phase of an epoch (from 0). Raises IndexError after the last one."""
    first = 0
    for number, phase in enumerate(plan.phases):
        if epoch < first + phase.epochs:
            return PhasePosition(number, phase, first)
        first += phase.epochs
    raise IndexError(f"epoch {epoch} of {first}")


def base_learning_rates(phase: Phase, stages: Sequence[Stage]) -> dict[str, float]:
    """The rates of the phase before its schedule, by stage name, and of the heads as "head"."""
    return {stage.name: rate for stage, rate in zip(stages, phase.stage_rates, strict=True)} | {HEAD: phase.head_rate}


def learning_rates_at(phase: Phase, stages: Sequence[Stage], step: int, steps_per_epoch: int) -> dict[str, float]:
    """The rates at a step (from 0) of the phase, by stage name."""
    warmup = warmup_steps(phase.warmup_epochs, steps_per_epoch, phase.epochs)
    scheduled = schedule_factor(phase.schedule, step, phase.epochs * steps_per_epoch, warmup)
    return {name: rate * scheduled for name, rate in base_learning_rates(phase, stages).items()}


def schedule_factor(
    schedule: Literal["constant", "cosine", "linear"], step: int, steps: int, warmup_steps: int
) -> float:
    """The multiplier of the rates at `step` (from 0) of the `steps` of a phase; in (0, 1].

    A linear warm-up to 1, then constant, half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5
    without restarts) or a line towards 0, which would be reached one step after the last.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(steps - warmup_steps, 1)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    return 1 - progress if schedule == "linear" else 1.0


def warmup_steps(warmup_epochs: float, steps_per_epoch: int, epochs: int) -> int:
    """Warm-up in steps; never the whole phase, so that its full rate is reached."""
    return min(round(warmup_epochs * steps_per_epoch), epochs * steps_per_epoch - 1)


def rates_over_time(phase: Phase, points: int) -> list[float]:
    """What a phase multiplies its rates by, at so many moments evenly from its beginning to its end."""
    steps_per_epoch = max(1, math.ceil(20 * points / phase.epochs))  # the shape does not depend on it from some on
    steps = phase.epochs * steps_per_epoch
    warmup = warmup_steps(phase.warmup_epochs, steps_per_epoch, phase.epochs)
    moments = [round(i * (steps - 1) / max(1, points - 1)) for i in range(points)]
    return [schedule_factor(phase.schedule, moment, steps, warmup) for moment in moments]
