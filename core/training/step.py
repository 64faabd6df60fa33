"""One step: a batch forward, backward, and the optimiser. In parts, where memory does not hold all of the batch."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from core.activations import PhotoPath
from core.augmentation import draw_mixture, mixed_loss
from core.datasets import MISSING
from core.device import generator, give_back, ran_out
from core.errors import TooLittleMemory
from core.job import Warned, Workbench, parts_of
from core.models import clip, dropped, learns_batch_norm
from core.objectives import Outcome
from core.profiling import cost_profile
from core.training.state import TrainingState


def take_step(
    bench: Workbench, state: TrainingState, path: PhotoPath, rows: np.ndarray
) -> Generator[Warned, None, Tensor]:
    """One batch forward, backward, and a step of the optimiser; its numbers as `_learn_from` gives them.

    Where memory runs out, the batch is computed again in parts of half as many photos, and so is every later one.
    """
    while True:
        try:
            numbers = _learn_from(bench, state, path, rows)
            break
        except Exception as error:
            if not ran_out(error):
                raise
        # Outside of the `except`: the error holds on to the memory of the step that failed.
        state.optimiser.zero_grad()
        give_back()
        yield Warned(_halve(bench, state, path, len(rows)))
    if bench.plan.optimiser.clip_norm is not None:
        state.scaler.unscale_(state.optimiser)
        clip(state.optimiser, bench.plan.optimiser.clip_norm)
    state.scaler.step(state.optimiser)
    state.scaler.update()
    state.optimiser.zero_grad()
    return numbers


def _learn_from(bench: Workbench, state: TrainingState, path: PhotoPath, rows: np.ndarray) -> Tensor:
    """The gradients of one batch, and its numbers on the device: loss, right answers and labels, over all tasks."""
    plan, at = bench.plan, state.position
    chance = generator(plan.seed, at.step, bench.arithmetic.device)
    numbers = []
    for part in parts_of(rows, state.photos_at_once):
        mixture = draw_mixture(plan.augmentation, plan.seed, at.step, len(part), plan.image_size)
        with bench.arithmetic.autocast():
            features = dropped(path.learn(part, at.epoch, mixture), plan.head.dropout, chance)
            logits = state.model.answers(features)
            lesson = (
                state.guides.lesson(part, path.views_of(part, at.epoch), features, logits) if state.guides else None
            )
            outcome = Outcome(features, logits, bench.labels_of(part), lesson)
            loss = mixed_loss(bench.loss, outcome, mixture) * (len(part) / len(rows))
        state.scaler.scale(loss).backward()
        numbers.append(torch.stack([loss.detach().float(), *_right_and_labelled(outcome)]))
    return torch.stack(numbers).sum(dim=0)


def _right_and_labelled(outcome: Outcome) -> tuple[Tensor, Tensor]:
    right = [(outcome.logits[task].argmax(1) == truth).sum() for task, truth in outcome.labels.items()]
    labelled = [(truth != MISSING).sum() for truth in outcome.labels.values()]
    return torch.stack(right).sum().float(), torch.stack(labelled).sum().float()


def _halve(bench: Workbench, state: TrainingState, path: PhotoPath, photos: int) -> str:
    """Compute half as many photos at once from now on. Gives the sentence for the user; raises TooLittleMemory at the
    end of all halving.
    """
    fewest = 2 if learns_batch_norm(state.model, path.now.phase) else 1  # batch norm compares photos
    now = min(photos, state.photos_at_once)
    if now <= fewest:
        raise TooLittleMemory(
            "The memory of this machine does not suffice for this network, not even photo by photo.",
            "Choose a smaller photo size or a smaller network, or freeze more stages.",
        )
    state.photos_at_once = max(now // 2, fewest)
    cost_profile.remember_fitting(bench.home, bench.plan, bench.arithmetic.device, state.photos_at_once)
    return (
        f"Memory ran out at {now} photos at once. The run goes on from the same step with {state.photos_at_once} at "
        f"once; a step still learns from {photos} photos."
    )
