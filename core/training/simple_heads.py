"""Simple heads (`core.evaluation.simple_heads`) as the heads of a run: computed at once, in its one epoch."""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.device import in_smaller_batches, memory_budget
from core.errors import TooLittleMemory
from core.evaluation import CrossValidation, LabelledPhotos, cross_validate, fit_head, usual_choice
from core.job import FORWARD_BATCH_SIZE, Noted, Prepared, TrainingContext
from core.models import TrainedModel, put_into_head
from core.objectives import BatchOutput
from core.plans import SIMPLE_HEADS, HeadKind
from core.tasks import Task


def fit_simple_heads(
    context: TrainingContext, pipeline: FeaturePipeline
) -> Generator[Prepared | Noted, None, tuple[Tensor, BatchOutput]]:
    """Choose what the heads need to be told, and compute them from all training photos. Returns the losses of these
    photos afterwards, by objective, and the outputs that they are of.
    """
    kind, model, rows = context.plan.head.kind, pipeline.model, context.source.training
    features = yield from frozen_features(pipeline, rows)
    for task, head in zip(context.tasks, model.heads, strict=True):
        photos = labelled_photos(context, task, rows, features)
        found = yield from cross_validated(context, kind, photos)
        choice = found.choice if found else usual_choice(kind, photos)
        put_into_head(head, fit_head(kind, photos, choice))
        if SIMPLE_HEADS[kind].setting:
            how = "chosen by cross-validation" if found else "as usual: the photos are too few to say"
            yield Noted(f"{_head_in_words(context, task)} is {choice.setting:g}, {how}.")
    output = _output(context, model, rows, features)
    return context.label_loss.by_term(output), output


def frozen_features(pipeline: FeaturePipeline, rows: np.ndarray) -> Generator[Prepared, None, np.ndarray]:
    """Of photos as they are, float32 [rows, channels]. Raises TooLittleMemory."""
    device = pipeline.context.compute_config.device
    if len(rows) * pipeline.model.num_features * torch.float32.itemsize > memory_budget(device):
        raise TooLittleMemory(
            "The memory of this machine does not hold the features of all photos at once, which this head learns from.",
            "Choose the linear head.",
        )

    def compute(batch: np.ndarray) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return (pipeline.evaluation_features(batch).float().cpu(),)

    pipeline.model.eval()
    found = []
    for batch in np.split(rows, range(FORWARD_BATCH_SIZE, len(rows), FORWARD_BATCH_SIZE)):
        found.append(in_smaller_batches(compute, batch)[0].numpy())
        yield Prepared("features", sum(map(len, found)), len(rows))
    return np.concatenate(found)


def labelled_photos(context: TrainingContext, task: Task, rows: np.ndarray, features: np.ndarray) -> LabelledPhotos:
    """Those of the rows that have a label for the task. features: of the rows, [rows, channels]."""
    dataset, labels = context.source.dataset, context.source.labels[task.name][rows]
    labelled = dataset.is_labelled(task, rows)
    groups = dataset.groups(rows[labelled])
    return LabelledPhotos(features[labelled], labels[labelled], len(task.classes), groups)


def cross_validated(
    context: TrainingContext, kind: HeadKind, photos: LabelledPhotos
) -> Generator[Prepared, None, CrossValidation | None]:
    """What `cross_validate` finds, as a run tells of it."""
    validating = cross_validate(kind, photos, context.plan.seed)
    while True:
        try:
            done, total = next(validating)
        except StopIteration as found:
            return found.value
        yield Prepared("cross_validate", done, total)


def _output(context: TrainingContext, model: TrainedModel, rows: np.ndarray, features: np.ndarray) -> BatchOutput:
    """What the heads say of photos whose features are known."""
    device = context.compute_config.device
    batches = torch.from_numpy(features).to(device).split(FORWARD_BATCH_SIZE)
    with torch.no_grad():
        parts = [model.logits(batch) for batch in batches]
    logits = {task.name: torch.cat([part[task.name] for part in parts]) for task in context.tasks}
    return BatchOutput(torch.cat(batches), logits, context.labels_of(rows))


def _head_in_words(context: TrainingContext, task: Task) -> str:
    """ "Nearest neighbours for species: k", the task only where there are several."""
    head = SIMPLE_HEADS[context.plan.head.kind]
    of_task = f" for {task.name}" if len(context.tasks) > 1 else ""
    return f"{head.title}{of_task}: {head.setting}"
