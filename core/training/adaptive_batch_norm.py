"""Adaptive batch norm: the statistics of batch norms are those of the target dataset.

Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation", ICLR 2017 workshops, section 3. Only stages
that learn in a phase are adapted: the frozen ones are computed once, and are fused with their batch norms.
"""

from collections.abc import Generator

import numpy as np
import torch

from core.activations import FeaturePipeline
from core.job import Prepared, TrainingContext
from core.models import learning_batch_norms


def adapt_batch_norm(
    context: TrainingContext, pipeline: FeaturePipeline, batch_size: int
) -> Generator[Prepared, None, None]:
    """Estimate the statistics of all batch norms that learn anew, from clean photos of the target, as the mean over
    batches of equal size. What they were before does not matter, so a run that was stopped here begins this again.
    """
    model, rows = pipeline.model, context.sources["target"].clean
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
                pipeline.evaluation_features(batch, "target")
            done += len(batch)
            yield Prepared("validate", done, len(rows))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
