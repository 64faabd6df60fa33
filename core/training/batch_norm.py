"""Batch norms that learn get their statistics anew: from a target dataset, or for weights that were averaged.

Only stages that learn in a phase have them: the frozen ones are computed once, and are fused with their batch norms.
"""

from collections.abc import Callable, Generator

import numpy as np
import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.job import Prepared, TrainingContext
from core.models import learning_batch_norms


def adapt_batch_norm(
    context: TrainingContext, pipeline: FeaturePipeline, batch_size: int
) -> Generator[Prepared, None, None]:
    """Adaptive batch norm: the statistics are those of clean photos of the target.

    Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation", ICLR 2017 workshops, section 3.
    """
    rows = context.sources["target"].clean
    yield from estimate_batch_norm(
        context, pipeline, rows, lambda batch: pipeline.evaluation_features(batch, "target"), batch_size
    )


def estimate_batch_norm(
    context: TrainingContext,
    pipeline: FeaturePipeline,
    rows: np.ndarray,
    features: Callable[[np.ndarray], Tensor],
    batch_size: int,
) -> Generator[Prepared, None, None]:
    """Estimate the statistics of all batch norms that learn anew, as the mean over batches of equal size of the photos
    `rows`. What they were before does not matter, so a run that was stopped here begins this again.

    features: of a batch of rows; its forward pass is what the batch norms see.
    """
    model = pipeline.model
    norms = learning_batch_norms(model, pipeline.phase_position.phase)
    if not norms or len(rows) < 2:
        return
    model.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then takes the mean over all batches
        norm.train()
    try:
        done = 0
        for batch in np.array_split(rows, max(1, len(rows) // max(batch_size, 2))):
            with torch.no_grad(), context.compute_config.autocast():
                features(batch)
            done += len(batch)
            yield Prepared("validate", done, len(rows))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
