"""The parts of a training step: forward pass, metrics, optimizer step, and the retry when memory runs out."""

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from types import TracebackType

import torch
from torch import Tensor

from core.activations import FeaturePipeline
from core.augmentation import Mixture, mixed_terms, sample_mixture
from core.backbones import seed_drop_path
from core.device import generator, is_out_of_memory, release_memory
from core.distillation import distillation_heads
from core.errors import TooLittleMemory
from core.evaluation import step_curves
from core.job import Batch, Stepped, TrainingContext, Warned, split_microbatches
from core.models import clip_gradients, seeded_dropout, set_learning_rates, trains_batch_norm
from core.objectives import BatchOutput, Objective, TargetOutput, objective_curves
from core.plans import Optimizer, Phase
from core.profiling import record_max_micro_batch
from core.tasks import LabelKind, Task, label_kind
from core.training.state import TrainingState

Reading = tuple[Stepped, tuple[float, ...]]


def train_batch(
    context: TrainingContext,
    state: TrainingState,
    pipeline: FeaturePipeline,
    batch: Batch,
    rates: Mapping[str, float],
) -> Generator[Warned, None, Tensor]:
    """One step of the optimizer, on one batch, at these rates by stage name. Returns what `batch_metrics` does, of the
    whole batch; the position does not count the step yet.
    """
    plan, compute_config, step = context.plan, context.compute_config, state.position.step
    images = len(batch["source"])
    set_learning_rates(state.optimizer, rates)
    for attempt in retry_smaller(context, state, pipeline.phase_position.phase, images):
        yield from attempt.warnings
        output = terms = loss = None  # the graph of an attempt that failed would keep its memory
        with attempt:  # gradient accumulation over micro-batches, where memory does not hold the whole batch
            rng, sums = generator(plan.seed, step, compute_config.device), []
            if plan.drop_path:
                seed_drop_path(state.model.backbone, rng)
            for micro_batch in split_microbatches(batch, state.micro_batch_size):
                count = len(micro_batch["source"])
                mixture = sample_mixture(plan.augmentation, plan.seed, step, count, plan.image_size)
                with compute_config.autocast():
                    output = forward(context, state, pipeline, micro_batch, mixture, rng)
                    share = count / images
                    terms = mixed_terms(context.loss, output, mixture) * share
                    loss = terms.sum()
                state.scaler.scale(loss).backward()
                reports = context.loss.reports(output, terms, share)
                sums.append(batch_metrics(loss, output, context.tasks, reports))
    optimizer_step(state, plan.optimizer)
    state.update_ema()
    return torch.stack(sums).sum(dim=0)


def forward(
    context: TrainingContext,
    state: TrainingState,
    pipeline: FeaturePipeline,
    batch: Batch,
    mixture: Mixture | None,
    rng: torch.Generator,
) -> BatchOutput:
    """Features, logits and labels of a batch of the source, and features and logits of a batch of the target, if any,
    augmented as in this epoch. rng: of the dropout.

    The two go through the network one after the other: a batch norm normalises each by its own photos, and remembers
    both.
    """
    rows, epoch, dropout = batch["source"], state.position.epoch, context.plan.head.dropout
    features = seeded_dropout(pipeline.training_features(rows, epoch, mixture), dropout, rng)
    logits = state.model.logits(features)
    target = None
    if "target" in batch:
        of_target = seeded_dropout(pipeline.training_features(batch["target"], epoch, role="target"), dropout, rng)
        target = TargetOutput(of_target, state.model.logits(of_target))
    heads = distillation_heads(state.auxiliary)
    targets = heads.targets(rows, pipeline.views_of(rows, epoch), features, logits) if heads else None
    auxiliary, progress = dict(state.auxiliary.items()), state.position.step / context.steps
    weights = state.initial_weights.learned_weights() if state.initial_weights else None
    return BatchOutput(features, logits, context.labels_of(rows), targets, auxiliary, target, progress, weights)


def batch_metrics(loss: Tensor, output: BatchOutput, tasks: Sequence[Task], reports: Sequence[Tensor]) -> Tensor:
    """Loss, sum of the photos' scores (of classes: how many are right) and labelled photos, over all tasks; then, of
    each of several tasks, the sum of its plain losses, of its scores, and its labelled photos; then the reports of the
    objectives, scalars.

    float32 [3 + 3 tasks + reports], without the second part of a single task, on the device, not waited for.
    """
    kinds = [(task.name, label_kind(task)) for task in tasks]
    scores = [kind.scores(output.logits[task], output.labels[task]).sum().float() for task, kind in kinds]
    labelled = [kind.is_labelled(output.labels[task]).sum().float() for task, kind in kinds]
    counts = torch.stack(scores).sum(), torch.stack(labelled).sum()
    own: list[Tensor] = []
    if len(tasks) > 1:
        losses = [_sum_of_losses(output, task, kind) for task, kind in kinds]
        own = [value for of_task in zip(losses, scores, labelled, strict=True) for value in of_task]
    return torch.stack([loss.detach().float(), *counts, *own, *(each.float() for each in reports)])


def _sum_of_losses(output: BatchOutput, task: str, kind: LabelKind) -> Tensor:
    """Of a task's labelled photos, as validation has them (scalar)."""
    logits, labels = output.logits[task].detach().float(), output.labels[task]
    known = kind.is_labelled(labels)
    # Zeros in place of missing labels: to leave those photos out, a GPU would be waited for, which has to count them.
    filled = torch.where(known.view(-1, *[1] * (labels.ndim - 1)), labels, torch.zeros_like(labels))
    return torch.where(known, kind.losses(logits, filled), 0.0).sum()


def values_by_curve(
    tasks: Sequence[Task], objectives: Sequence[Objective], values: Sequence[float]
) -> dict[str, float]:
    """What `batch_metrics` gives behind its first three numbers: loss and score of each of several tasks that has a
    label in the batch, and what the objectives report, if anything.
    """
    own = 3 * len(tasks) if len(tasks) > 1 else 0
    found: dict[str, float] = {}
    for place, task in enumerate(tasks[: own // 3]):
        loss, score, labelled = values[3 * place : 3 * place + 3]
        if labelled:
            means = {"loss": loss / labelled, "accuracy": score / labelled}
            found |= {f"{task.name}/{curve}": means[field] for curve, field in step_curves([label_kind(task)])}
    curves = objective_curves(objectives, [task.name for task in tasks])
    return found | (dict(zip(curves, values[own:], strict=True)) if values[own:] else {})


def optimizer_step(state: TrainingState, settings: Optimizer) -> None:
    """Unscale and clip the gradients, update the parameters, clear the gradients."""
    if settings.clip_norm is not None:
        state.scaler.unscale_(state.optimizer)
        clip_gradients(state.optimizer, settings.clip_norm)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.optimizer.zero_grad()


class Attempt:
    """A context that suppresses the error of memory that ran out, and notes it. warnings: of the attempt before."""

    def __init__(self, warnings: Sequence[Warned] = ()) -> None:
        self.warnings, self.out_of_memory = warnings, False

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.out_of_memory = error is not None and is_out_of_memory(error)
        return self.out_of_memory


def retry_smaller(context: TrainingContext, state: TrainingState, phase: Phase, images: int) -> Iterator[Attempt]:
    """Attempts at the gradients of one batch of `images` photos, until one fits the memory. After each that does not,
    this and all later batches are computed in micro-batches of half the size.

    Raises TooLittleMemory when there is nothing left to halve.
    """
    attempt = Attempt()
    yield attempt
    while attempt.out_of_memory:
        # Not in `__exit__`: there the error still holds the memory of the attempt that failed.
        state.optimizer.zero_grad()
        release_memory()
        attempt = Attempt([_halve_micro_batch_size(context, state, phase, images)])
        yield attempt


def _halve_micro_batch_size(context: TrainingContext, state: TrainingState, phase: Phase, images: int) -> Warned:
    compares_photos = trains_batch_norm(state.model, phase) or "target" in context.sources
    smallest = 2 if compares_photos else 1
    failed = min(images, state.micro_batch_size)
    if failed <= smallest:
        raise TooLittleMemory(
            "The memory of this machine does not suffice for this network, not even photo by photo.",
            "Choose a smaller photo size or a smaller network, or freeze more stages.",
        )
    state.micro_batch_size = max(failed // 2, smallest)
    device = context.compute_config.device
    record_max_micro_batch(context.home, context.plan, device, state.micro_batch_size)
    return Warned(
        f"Memory ran out at {failed} photos at once. The run goes on from the same step with {state.micro_batch_size} "
        f"at once; a step still learns from {images} photos."
    )


class DeferredMetrics:
    """Metrics of steps that are still to be copied from the device.

    On a processor they are read at once. On a GPU they are read while the next step is under way, so that it never
    waits for Python to read a number before it is given more work.
    """

    def __init__(self, device: torch.device, steps_late: int | None = None) -> None:
        self._steps_late = steps_late if steps_late is not None else int(device.type == "cuda")
        self._pending: deque[tuple[Stepped, Tensor, torch.cuda.Event | None]] = deque()

    def push(self, step: Stepped, metrics: Tensor) -> list[Reading]:
        """Add a step. metrics: float [n], perhaps not yet computed. Returns the readings that are due."""
        copied = None
        if metrics.device.type == "cuda":
            metrics, copied = metrics.to("cpu", non_blocking=True), torch.cuda.Event()
            copied.record()
        self._pending.append((step, metrics, copied))
        return [self._read() for _ in range(len(self._pending) - self._steps_late)]

    def flush(self) -> list[Reading]:
        """The readings of all pending steps, waited for."""
        return [self._read() for _ in range(len(self._pending))]

    def _read(self) -> Reading:
        step, metrics, copied = self._pending.popleft()
        if copied:
            copied.synchronize()
        return step, tuple(metrics.tolist())
