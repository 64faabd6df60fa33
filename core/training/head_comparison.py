"""Simple heads side by side on a frozen network's features: how good each is, in seconds, without a run."""

import time
from collections.abc import Callable, Generator

import numpy as np

from core.activations import build_pipeline
from core.device import restored_threads
from core.errors import BadDataset
from core.evaluation import HeadSubject, LabelledPhotos, OutOfFold, save_out_of_fold
from core.home import Home
from core.job import Event, Job, Prepared, TrainingContext, ignore_event, load_datasets, phase_at
from core.plans import SIMPLE_HEADS, HeadKind, Plan, take_head
from core.profiling import autotune_job
from core.tasks import Task
from core.training.setup import setup_model
from core.training.simple_heads import cross_validated, frozen_features, labelled_photos


def compare_heads(home: Home, plan: Plan, progress: Callable[[Event], None] = ignore_event) -> tuple[OutOfFold, ...]:
    """Cross-validate every simple head for each of a plan's tasks, on its training and validation photos and on its
    network as it came, whatever else the plan says. Their answers are kept (`core.evaluation.out_of_fold`).

    The features come from the activation cache that runs read, too. progress: may raise to stop; heads that were
    compared by then are kept. Raises GraftError for what a user can mend: photos, weights, memory, a full disk.
    """
    with restored_threads():
        comparing = _compare(home, plan, progress)
        while True:
            try:
                progress(next(comparing))
            except StopIteration as ended:
                return ended.value


def _compare(
    home: Home, plan: Plan, progress: Callable[[Event], None]
) -> Generator[Event, None, tuple[OutOfFold, ...]]:
    alone = take_head(plan, "linear")
    job = autotune_job(Job(alone, load_datasets(home, alone), home, home.runs / "no run", progress))
    context, model = yield from setup_model(job)
    context.compute_config.use_threads()
    pipeline = yield from build_pipeline(context, context.compute_config.move(model), phase_at(alone, 0), None, None)
    rows = np.sort(np.concatenate([context.source.training, context.source.validation]))
    features = yield from frozen_features(pipeline, rows)
    found = []
    for task in context.tasks:
        photos = labelled_photos(context, task, rows, features)
        for kind in SIMPLE_HEADS:
            answers = yield from _answers(context, task, kind, photos, _image_ids(context, task, rows))
            save_out_of_fold(home, answers)
            found.append(answers)
    return tuple(found)


def _answers(
    context: TrainingContext, task: Task, kind: HeadKind, photos: LabelledPhotos, image_ids: np.ndarray
) -> Generator[Prepared, None, OutOfFold]:
    """Raises BadDataset where there can be no folds."""
    started = time.perf_counter()
    found = yield from cross_validated(context, kind, photos)
    if found is None:
        raise BadDataset(
            f'Heads cannot be compared on "{task.name}": there are too few photos, or each class is one group of them.',
            "Add photos until at least one class has two that are not alike.",
        )
    return OutOfFold(
        subject=HeadSubject.of(context.plan, task.name),
        kind=kind,
        classes=task.classes,
        image_ids=image_ids,
        labels=photos.labels,
        probabilities=found.probabilities,
        setting=found.choice.setting,
        seconds=time.perf_counter() - started,
    )


def _image_ids(context: TrainingContext, task: Task, rows: np.ndarray) -> np.ndarray:
    """Of the rows that have a label for the task."""
    dataset = context.source.dataset
    return dataset.table["image_id"].to_numpy()[rows[dataset.is_labelled(task, rows)]]
