"""What stays the same during a run: its datasets, labels, loss and device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.backbones import BackboneCard
from core.datasets import Dataset, PixelStore, Split, Task, load_dataset
from core.device import ComputeConfig
from core.errors import BadDataset
from core.home import Home
from core.job.batches import Role, clean_sample, role_seed, steps_per_epoch
from core.job.events import Prepared, ignore_event
from core.objectives import Loss, ObjectiveContext, make_loss
from core.plans import Plan
from core.tasks import MISSING, label_kind


@dataclass(frozen=True)
class Job:
    """A plan to carry out.

    datasets: by role. folder: of the run's checkpoints. progress: called between two events, while photos are decoded
    for the first time; it may raise to stop that. compute_config: how a new run computes (`core.profiling.autotune`);
    None is the default of its device.
    """

    plan: Plan
    datasets: Mapping[Role, Dataset]
    home: Home
    folder: Path
    progress: Callable[[Prepared], None] = field(default=ignore_event, compare=False)
    compute_config: ComputeConfig | None = None

    @property
    def dataset(self) -> Dataset:
        """The dataset whose labels are learned."""
        return self.datasets["source"]


def load_datasets(home: Home, plan: Plan) -> dict[Role, Dataset]:
    """The datasets that a plan names, by role. Raises NotFound for one that is not in this home."""
    return {each.role: load_dataset(home, each.id, each.version) for each in plan.datasets}


@dataclass(frozen=True, eq=False)
class Source:
    """One of a run's datasets.

    labels: by task, [rows of the dataset], as its kind of label gives them; of a target only where its
    classes are called like the source's, to say how good the model is there. training, validation,
    clean: rows of the dataset's table; clean are the training photos that are evaluated like validation photos.
    contents: bytes [rows of the dataset], a hash of each photo's file, by which its cached activations are
    found. seed: of its shuffling and augmentation.
    """

    dataset: Dataset
    store: PixelStore
    labels: Mapping[str, np.ndarray]
    training: np.ndarray
    validation: np.ndarray
    clean: np.ndarray
    contents: np.ndarray
    seed: int


@dataclass(frozen=True, eq=False)
class TrainingContext:
    """What stays the same during a run. sources: by role. card: of the backbone. tasks: of the model's heads.
    label_loss: of the objectives that look at labels alone, to which heads are fitted.
    """

    home: Home
    plan: Plan
    card: BackboneCard
    tasks: tuple[Task, ...]
    sources: Mapping[Role, Source]
    compute_config: ComputeConfig
    objective_context: ObjectiveContext
    loss: Loss
    label_loss: Loss

    @property
    def source(self) -> Source:
        """The dataset whose labels are learned."""
        return self.sources["source"]

    @property
    def training_rows(self) -> dict[Role, np.ndarray]:
        """By role, the rows to train on."""
        return {role: source.training for role, source in self.sources.items()}

    @property
    def steps(self) -> int:
        """Of the whole run, where it is not stopped early."""
        return self.plan.epochs * steps_per_epoch(len(self.source.training), self.plan.batch_size)

    @property
    def sampling_strata(self) -> np.ndarray | None:
        """The stratum of each training row, where the plan draws all of them alike."""
        if self.plan.sampling == "shuffled":
            return None
        task = self.tasks[0]
        return label_kind(task).strata(task, self.source.labels[task.name][self.source.training])

    def labels_of(self, rows: np.ndarray) -> dict[str, Tensor]:
        """Labels of the source's rows by task, [rows], on the training device."""
        return {
            task: torch.from_numpy(labels[rows]).to(self.compute_config.device, non_blocking=True)
            for task, labels in self.source.labels.items()
        }


def build_context(
    job: Job,
    card: BackboneCard,
    stores: Mapping[Role, PixelStore],
    compute_config: ComputeConfig,
    feature_count: int,
) -> TrainingContext:
    """stores: of the job's datasets. feature_count: of the model.

    Raises BadDataset when a task has no labelled training or validation photo, or nothing is left to adapt to.
    """
    plan, dataset = job.plan, job.dataset
    tasks = resolve_tasks(plan, dataset)
    for task in tasks:
        _check_labels(dataset, task)
    counts = {task.name: np.array(list(dataset.counts(task, "train").values())) for task in tasks}
    objective_context = ObjectiveContext(counts, feature_count, plan.seed)
    return TrainingContext(
        home=job.home,
        plan=plan,
        card=card,
        tasks=tasks,
        sources={
            role: _source(each, stores[role], tasks, plan.seed)
            if role == "source"
            else _target(each, stores[role], tasks, role_seed(plan.seed, role))
            for role, each in job.datasets.items()
        },
        compute_config=compute_config,
        objective_context=objective_context,
        loss=make_loss(plan.objectives, objective_context),
        label_loss=make_loss([each for each in plan.objectives if each.needs <= {"labels"}], objective_context),
    )


def _source(dataset: Dataset, store: PixelStore, tasks: Sequence[Task], seed: int) -> Source:
    """tasks: whose labels are used."""
    training, validation = (dataset.labelled_rows(tasks, split) for split in ("train", "validation"))
    return Source(
        dataset=dataset,
        store=store,
        labels={task.name: dataset.labels(task) for task in tasks},
        training=training,
        validation=validation,
        clean=clean_sample(training, len(validation), seed),
        contents=np.array(dataset.table["hash"], "S64"),
        seed=seed,
    )


def _target(dataset: Dataset, store: PixelStore, tasks: Sequence[Task], seed: int) -> Source:
    """The dataset that is adapted to, labelled or not: without its labels, its validation photos are as good as those
    for training. Raises BadDataset when there are none.
    """
    rows = target_rows(dataset)
    if not len(rows):
        raise BadDataset(
            f'All photos of "{dataset.name}" are kept for the test, so there are none to adapt to.', "Split them again."
        )
    return Source(
        dataset=dataset,
        store=store,
        labels=labels_in_terms_of(dataset, tasks),
        training=rows,
        validation=rows[:0],
        clean=clean_sample(rows, len(rows), seed),
        contents=np.array(dataset.table["hash"], "S64"),
        seed=seed,
    )


def labels_in_terms_of(dataset: Dataset, tasks: Sequence[Task]) -> dict[str, np.ndarray]:
    """Labels of a dataset's own as classes of these tasks, int64 [rows], MISSING for those of other names; without a
    task of which it says nothing.
    """
    own, found = {task.name: task for task in dataset.tasks}, {}
    for task in tasks:
        if task.name not in own or not task.classes:
            continue
        place = {name: number for number, name in enumerate(task.classes)}
        places = np.array([*(place.get(name, MISSING) for name in own[task.name].classes), MISSING])
        labels = places[dataset.labels(own[task.name])]  # MISSING is -1, the last one
        if (labels != MISSING).any():
            found[task.name] = labels
    return found


def target_rows(dataset: Dataset) -> np.ndarray:
    """Rows of a dataset that a model is adapted to: all but those of its test split, int64 [images]."""
    return np.flatnonzero((dataset.table["split"] != "test").to_numpy())


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
    splits: tuple[tuple[Split, str], ...] = (("train", "training"), ("validation", "validation"))
    for split, in_words in splits:
        if not dataset.is_labelled(task, dataset.indices(split)).any():
            raise BadDataset(
                f'No {in_words} photo of "{dataset.name}" has a label for "{task.name}".',
                "Split the photos again, with a share of at least 10 % for each part.",
            )
