"""Evaluate the model on clean photos in eval mode: one loss and one score per photo."""

from collections.abc import Callable, Generator, Mapping

import numpy as np
import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.datasets import PixelStore, center_crop
from core.device import in_smaller_batches
from core.evaluation import (
    NUCLEAR_NORM,
    TARGET_ACCURACY,
    EpochScores,
    LossHistory,
    append_losses,
    epoch_scores,
    nuclear_norm_score,
    window_epochs,
)
from core.job import FORWARD_BATCH_SIZE, Prepared, TrainingContext, ignore_event
from core.models import TrainedModel
from core.plans import task_weights
from core.tasks import MISSING, label_kind

# By task: loss and score of each image, [labelled photos], as the kind of label defines them.
PerImage = dict[str, tuple[np.ndarray, np.ndarray]]


def evaluate(
    context: TrainingContext, pipeline: FeaturePipeline
) -> Generator[Prepared, None, tuple[PerImage, PerImage]]:
    """Evaluate the model on all validation photos and on the clean sample of the training photos."""
    total = len(context.source.validation) + len(context.source.clean)
    pipeline.model.eval()
    validation = yield from _evaluate_rows(context, pipeline, context.source.validation, 0, total)
    clean = yield from _evaluate_rows(context, pipeline, context.source.clean, len(context.source.validation), total)
    return validation, clean


def validation_loss(context: TrainingContext, pipeline: FeaturePipeline) -> Generator[Prepared, None, float]:
    """The mean loss of the validation photos, and of the tasks: by which epochs are chosen."""
    rows = context.source.validation
    pipeline.model.eval()
    validation = yield from _evaluate_rows(context, pipeline, rows, 0, len(rows))
    return _mean_over_tasks(
        {task: float(losses.mean(dtype=np.float64)) for task, (losses, _) in validation.items()},
        task_weights(context.plan),
    )


def _evaluate_rows(
    context: TrainingContext, pipeline: FeaturePipeline, rows: np.ndarray, done: int, total: int
) -> Generator[Prepared, None, PerImage]:
    """Losses and scores of these rows. done, total: photos evaluated before them and in all, for the progress."""
    batches: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {task.name: [] for task in context.tasks}

    def predict(batch: np.ndarray) -> tuple[Tensor, ...]:
        with torch.no_grad(), context.compute_config.autocast():
            return tuple(pipeline.model.logits(pipeline.evaluation_features(batch)).values())

    for batch in np.split(rows, range(FORWARD_BATCH_SIZE, len(rows), FORWARD_BATCH_SIZE)):
        labels = context.labels_of(batch)
        for task, task_logits in zip(context.tasks, in_smaller_batches(predict, batch), strict=True):
            kind = label_kind(task)
            labelled = kind.is_labelled(labels[task.name])
            logits, targets = task_logits[labelled].float(), labels[task.name][labelled]
            # The kind's plain loss whatever the objectives are, so that losses of different plans can be compared.
            losses, scores = kind.losses(logits, targets), kind.scores(logits, targets)
            batches[task.name].append((losses.cpu().numpy(), scores.cpu().numpy()))
        done += len(batch)
        yield Prepared("validate", done, total)
    return {
        task: (np.concatenate([losses for losses, _ in each]), np.concatenate([correct for _, correct in each]))
        for task, each in batches.items()
    }


def evaluate_target(context: TrainingContext, pipeline: FeaturePipeline) -> Generator[Prepared, None, dict[str, float]]:
    """By curve, what the model's answers tell of the target, and its true accuracy where the target has labels of these
    classes; {} without a target.
    """
    if "target" not in context.sources:
        return {}
    target, tasks, batches = context.sources["target"], [task for task in context.tasks if task.classes], []

    def predict(batch: np.ndarray) -> tuple[Tensor, ...]:
        with torch.no_grad(), context.compute_config.autocast():
            logits = pipeline.model.logits(pipeline.evaluation_features(batch, "target"))
        return tuple(logits[task.name].float().softmax(dim=1).cpu() for task in tasks)

    pipeline.model.eval()
    for batch in np.split(target.clean, range(FORWARD_BATCH_SIZE, len(target.clean), FORWARD_BATCH_SIZE)):
        batches.append(in_smaller_batches(predict, batch))
        yield Prepared("validate", min(len(batches) * FORWARD_BATCH_SIZE, len(target.clean)), len(target.clean))
    found = {}
    for task, parts in zip(tasks, zip(*batches, strict=True), strict=True):
        probabilities = np.concatenate([part.numpy() for part in parts])
        found[f"{task.name}/{NUCLEAR_NORM}"] = nuclear_norm_score(probabilities)
        if task.name in target.labels:
            labels = target.labels[task.name][target.clean]
            known = labels != MISSING
            if known.any():
                found[f"{task.name}/{TARGET_ACCURACY}"] = float((probabilities.argmax(axis=1) == labels)[known].mean())
    return found


def epoch_scores_by_task(
    validation: PerImage, clean: PerImage, histories: dict[str, LossHistory], epochs: int
) -> tuple[dict[str, EpochScores], dict[str, LossHistory]]:
    """Scores of the epoch and loss histories that include it, by task. epochs: of the whole run."""
    scores, extended = {}, {}
    for task, (losses, correct) in validation.items():
        history = histories[task]
        scores[task] = epoch_scores(losses, correct, *clean[task], history.best, history.recent)
        extended[task] = append_losses(history, losses, window_epochs(epochs))
    return scores, extended


def mean_validation_loss(scores: dict[str, EpochScores], weights: Mapping[str, float]) -> float:
    """The mean over the tasks. weights: of tasks, where a person set some."""
    return _mean_over_tasks({task: each.validation_loss for task, each in scores.items()}, weights)


def _mean_over_tasks(losses: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return float(np.average(list(losses.values()), weights=[weights.get(task, 1.0) for task in losses]))


def selection_metric(validation_loss: float, target: Mapping[str, float]) -> float:
    """What selects the best epoch, the lowest: the validation loss; for a model that is adapted, minus the nuclear norm
    of its answers in the target, of which the source's labels tell nothing. target: as of `evaluate_target`.
    """
    nuclear_norms = [value for curve, value in target.items() if curve.endswith(NUCLEAR_NORM)]
    return -float(np.mean(nuclear_norms)) if nuclear_norms else validation_loss


def predict_logits(
    model: TrainedModel,
    store: PixelStore,
    rows: np.ndarray,
    device: torch.device | None = None,
    progress: Callable[[Prepared], None] = ignore_event,
) -> dict[str, np.ndarray]:
    """Logits by task, float32 [rows, classes], in eval mode and fp32, as the exported model gives them."""
    device = device or next(model.parameters()).device
    model = model.eval().to(device)
    batches: dict[str, list[np.ndarray]] = {task.name: [] for task in model.tasks}
    for done in range(0, len(rows), FORWARD_BATCH_SIZE):
        pixels = store.read(rows[done : done + FORWARD_BATCH_SIZE]).to(device)
        with torch.no_grad():
            logits = model(model.normalize(center_crop(pixels, store.image_size)))
        for task, values in logits.items():
            batches[task].append(values.float().cpu().numpy())
        progress(Prepared("evaluate", min(done + FORWARD_BATCH_SIZE, len(rows)), len(rows)))
    empty = {task.name: np.empty((0, label_kind(task).head_width(task)), np.float32) for task in model.tasks}
    return {task: np.concatenate(each) if each else empty[task] for task, each in batches.items()}
