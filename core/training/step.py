"""One step: a batch forward, backward, and the optimizer. In parts, where memory does not hold all of the batch."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.augmentation import mixed_terms, sample_mixture
from core.datasets import MISSING
from core.device import generator, is_out_of_memory, release_memory
from core.distillation import distillation_heads
from core.errors import TooLittleMemory
from core.job import TrainingContext, Warned, split_microbatches
from core.models import clip_gradients, seeded_dropout, trains_batch_norm
from core.objectives import BatchOutput
from core.profiling import cost_profile
from core.training.state import TrainingState


def train_step(
    context: TrainingContext, state: TrainingState, path: FeaturePipeline, rows: np.ndarray
) -> Generator[Warned, None, Tensor]:
    """One batch forward, backward, and a step of the optimizer; its numbers as `_forward_backward` gives them.

    Where memory runs out, the batch is computed again in parts of half as many photos, and so is every later one.
    """
    while True:
        try:
            numbers = _forward_backward(context, state, path, rows)
            break
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the `except`: the error holds on to the memory of the step that failed.
        state.optimizer.zero_grad()
        release_memory()
        yield Warned(_halve(context, state, path, len(rows)))
    if context.plan.optimizer.clip_norm is not None:
        state.scaler.unscale_(state.optimizer)
        clip_gradients(state.optimizer, context.plan.optimizer.clip_norm)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.optimizer.zero_grad()
    return numbers


def _forward_backward(
    context: TrainingContext, state: TrainingState, path: FeaturePipeline, rows: np.ndarray
) -> Tensor:
    """The gradients of one batch, and its numbers on the device: loss, right answers and labels, over all tasks."""
    plan, at = context.plan, state.position
    chance = generator(plan.seed, at.step, context.compute_config.device)
    numbers = []
    for part in split_microbatches(rows, state.micro_batch_size):
        mixture = sample_mixture(plan.augmentation, plan.seed, at.step, len(part), plan.image_size)
        with context.compute_config.autocast():
            features = seeded_dropout(path.learn(part, at.epoch, mixture), plan.head.dropout, chance)
            logits = state.model.answers(features)
            heads = distillation_heads(state.auxiliary)
            targets = heads.targets(part, path.views_of(part, at.epoch), features, logits) if heads else None
            output = BatchOutput(features, logits, context.labels_of(part), targets, state.auxiliary)
            terms = mixed_terms(context.loss, output, mixture) * (len(part) / len(rows))
            loss = terms.sum()
        state.scaler.scale(loss).backward()
        numbers.append(torch.stack([loss.detach().float(), *_right_and_labelled(output)]))
    return torch.stack(numbers).sum(dim=0)


def _right_and_labelled(output: BatchOutput) -> tuple[Tensor, Tensor]:
    right = [(output.logits[task].argmax(1) == truth).sum() for task, truth in output.labels.items()]
    labelled = [(truth != MISSING).sum() for truth in output.labels.values()]
    return torch.stack(right).sum().float(), torch.stack(labelled).sum().float()


def _halve(context: TrainingContext, state: TrainingState, path: FeaturePipeline, photos: int) -> str:
    """Compute half as many photos at once from now on. Gives the sentence for the user; raises TooLittleMemory at the
    end of all halving.
    """
    fewest = 2 if trains_batch_norm(state.model, path.now.phase) else 1  # batch norm compares photos
    now = min(photos, state.micro_batch_size)
    if now <= fewest:
        raise TooLittleMemory(
            "The memory of this machine does not suffice for this network, not even photo by photo.",
            "Choose a smaller photo size or a smaller network, or freeze more stages.",
        )
    state.micro_batch_size = max(now // 2, fewest)
    cost_profile.remember_max_micro_batch(
        context.home, context.plan, context.compute_config.device, state.micro_batch_size
    )
    return (
        f"Memory ran out at {now} photos at once. The run goes on from the same step with {state.micro_batch_size} at "
        f"once; a step still learns from {photos} photos."
    )
