"""What a run works with and never changes: photos, labels, loss, device."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.backbones import BackboneCard
from core.datasets import Dataset, PixelStore, Split, Task
from core.device import ComputeConfig
from core.errors import BadDataset
from core.home import Home
from core.job.batches import clean_sample
from core.job.events import Prepared, ignore_event
from core.objectives import Loss, ObjectiveContext, make_loss
from core.plans import Plan


@dataclass(frozen=True)
class Job:
    """A plan to carry out. folder: of its checkpoints. progress: called between two events, while photos are decoded
    for the first time; it may raise to stop that. compute_config: how a new run computes (`core.profiling.autotune`);
    None is the default of its device.
    """

    plan: Plan
    dataset: Dataset
    home: Home
    folder: Path
    progress: Callable[[Prepared], None] = field(default=ignore_event, compare=False)
    compute_config: ComputeConfig | None = None


@dataclass(frozen=True, eq=False)
class TrainingContext:
    """labels: by task, [rows of the dataset], as its kind of label gives them. training, validation, clean: rows of the
    dataset's table; clean are the training photos that are evaluated like validation photos. contents: [rows of the
    dataset], the content hash of each photo.
    """

    home: Home
    plan: Plan
    card: BackboneCard
    tasks: tuple[Task, ...]
    store: PixelStore
    contents: np.ndarray
    labels: dict[str, np.ndarray]
    training: np.ndarray
    validation: np.ndarray
    clean: np.ndarray
    compute_config: ComputeConfig
    objective_context: ObjectiveContext
    loss: Loss

    def labels_of(self, rows: np.ndarray) -> dict[str, Tensor]:
        """By task, [rows], on the training device."""
        return {
            task: torch.from_numpy(labels[rows]).to(self.compute_config.device, non_blocking=True)
            for task, labels in self.labels.items()
        }


def build_context(
    job: Job, card: BackboneCard, store: PixelStore, compute_config: ComputeConfig, feature_count: int
) -> TrainingContext:
    """feature_count: of the model. Raises BadDataset when a task has no labelled training or validation photo."""
    plan, dataset = job.plan, job.dataset
    tasks = resolve_tasks(plan, dataset)
    labels = {task.name: dataset.labels(task) for task in tasks}
    training, validation = (dataset.labelled_rows(tasks, split) for split in ("train", "validation"))
    for task in tasks:
        _check_labels(dataset, task)
    counts = {task.name: np.array(list(dataset.counts(task, "train").values())) for task in tasks}
    objective_context = ObjectiveContext(counts, feature_count, plan.seed)
    return TrainingContext(
        home=job.home,
        plan=plan,
        card=card,
        tasks=tasks,
        store=store,
        contents=np.array(dataset.table["hash"], "S64"),
        labels=labels,
        training=training,
        validation=validation,
        clean=clean_sample(training, len(validation), plan.seed),
        compute_config=compute_config,
        objective_context=objective_context,
        loss=make_loss(plan.objectives, objective_context),
    )


def resolve_tasks(plan: Plan, dataset: Dataset) -> tuple[Task, ...]:
    """The plan's tasks as the dataset has them. Raises BadDataset for one that it lacks."""
    known = {task.name: task for task in dataset.tasks}
    for name in plan.tasks:
        if name not in known:
            raise BadDataset(
                f'The dataset "{dataset.name}" has no label called "{name}"; it has {", ".join(known)}.',
                "Choose another one in the plan.",
            )
    return tuple(known[name] for name in plan.tasks)


def _check_labels(dataset: Dataset, task: Task) -> None:
    parts: tuple[tuple[Split, str], ...] = (("train", "training"), ("validation", "validation"))
    for split, part in parts:
        if not dataset.is_labelled(task, dataset.indices(split)).any():
            raise BadDataset(
                f'No {part} photo of "{dataset.name}" has a label for "{task.name}".',
                "Split the photos again, with a share of at least 10 % for each part.",
            )
