"""New heads on the features that a frozen network has of a run's photos, cross-validated: evidence for its verdict."""

import numpy as np

from core.activations import FeaturePipeline
from core.evaluation import Trial, is_tried, try_features
from core.job import TrainingContext
from core.plans import augments
from core.tasks import Task


def try_heads(context: TrainingContext, pipeline: FeaturePipeline) -> dict[str, Trial]:
    """By task of classes; empty where none are tried: there are many photos, or their features are not all cached."""
    source, plan = context.source, context.plan
    rows = np.concatenate([source.training, source.validation])
    is_cached = pipeline.is_head_only and not augments(plan, pipeline.phase_position.phase)
    if not is_cached or not is_tried(plan, len(rows)):
        return {}
    features = pipeline.evaluation_features(rows).float().cpu().numpy()
    groups = source.dataset.groups(rows)
    trials = {}
    for task in context.tasks:
        if task.kind == Task.kind:
            labelled = source.dataset.is_labelled(task, rows)
            labels = source.labels[task.name][rows[labelled]]
            if trial := try_features(features[labelled], labels, groups[labelled], plan.seed):
                trials[task.name] = trial
    return trials
