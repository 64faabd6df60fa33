"""How good the model is at this moment: photos as they are, eval mode, one loss per photo."""

from collections.abc import Callable, Generator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.activations import FeaturePipeline
from core.augmentation import centre
from core.datasets import MISSING, PixelStore
from core.device import in_parts
from core.evaluation import EpochScores, LossHistory, epoch_scores, remember, window_epochs
from core.job import Prepared, TrainingContext, ignore_event
from core.models import TrainedModel

EVAL_BATCH_SIZE = 64  # photos per batch; larger ones gain little and answer a pause late

Judged = dict[
    str, tuple[np.ndarray, np.ndarray]
]  # by task: losses in nats, whether the answer was right; [labelled photos]


def judge(context: TrainingContext, path: FeaturePipeline) -> Generator[Prepared, None, tuple[Judged, Judged]]:
    """All validation photos, and the fixed sample of training photos."""
    total = len(context.validation) + len(context.clean)
    path.model.eval()
    validation = yield from _judged(context, path, context.validation, 0, total)
    training = yield from _judged(context, path, context.clean, len(context.validation), total)
    return validation, training


def _judged(
    context: TrainingContext, path: FeaturePipeline, rows: np.ndarray, done: int, total: int
) -> Generator[Prepared, None, Judged]:
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {task.name: [] for task in context.tasks}

    def answer(batch: np.ndarray) -> tuple[Tensor, ...]:
        with torch.no_grad(), context.compute_config.autocast():
            return tuple(path.model.answers(path.judge(batch)).values())

    for batch in np.split(rows, range(EVAL_BATCH_SIZE, len(rows), EVAL_BATCH_SIZE)):
        labels = context.labels_of(batch)
        for task, answers in zip(found, in_parts(answer, batch), strict=True):
            counts = labels[task] != MISSING
            answers, truth = answers[counts].float(), labels[task][counts]
            # Plain cross-entropy whatever the objectives are: only so are losses of different plans comparable.
            losses = functional.cross_entropy(answers, truth, reduction="none")
            found[task].append((losses.cpu().numpy(), (answers.argmax(1) == truth).cpu().numpy()))
        done += len(batch)
        yield Prepared("validate", done, total)
    return {
        task: (np.concatenate([losses for losses, _ in parts]), np.concatenate([right for _, right in parts]))
        for task, parts in found.items()
    }


def scores_of(
    validation: Judged, training: Judged, losses: dict[str, LossHistory], epochs: int
) -> tuple[dict[str, EpochScores], dict[str, LossHistory]]:
    """By task, the epoch's scores, and the histories with this epoch in them."""
    scores, remembered = {}, {}
    for task, (lost, right) in validation.items():
        kept = losses[task]
        scores[task] = epoch_scores(lost, right, *training[task], kept.best, kept.recent)
        remembered[task] = remember(kept, lost, window_epochs(epochs))
    return scores, remembered


def mean_loss(scores: dict[str, EpochScores]) -> float:
    """What chooses the best epoch: the validation loss, averaged over the tasks."""
    return float(np.mean([each.validation_loss for each in scores.values()]))


def score(
    model: TrainedModel,
    store: PixelStore,
    rows: np.ndarray,
    device: torch.device | None = None,
    progress: Callable[[Prepared], None] = ignore_event,
) -> dict[str, np.ndarray]:
    """Logits by task, float32 [rows, classes], in eval mode and 32 bits, as an exported model gives them."""
    device = device or next(model.parameters()).device
    model = model.eval().to(device)
    logits: dict[str, list[np.ndarray]] = {task.name: [] for task in model.tasks}
    for done in range(0, len(rows), EVAL_BATCH_SIZE):
        pixels = store.read(rows[done : done + EVAL_BATCH_SIZE]).to(device)
        with torch.no_grad():
            answers = model(model.normalised(centre(pixels, store.image_size)))
        for task, values in answers.items():
            logits[task].append(values.float().cpu().numpy())
        progress(Prepared("evaluate", min(done + EVAL_BATCH_SIZE, len(rows)), len(rows)))
    empty = {task.name: np.empty((0, len(task.classes)), np.float32) for task in model.tasks}
    return {task: np.concatenate(parts) if parts else empty[task] for task, parts in logits.items()}
