"""Evaluate a run's best epoch: on validation and a sample of the training photos; on the test split only when asked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.datasets import Dataset, PixelStore, Split, load_dataset, open_pixels
from core.device import resolve_device
from core.errors import NotFound, Refused
from core.evaluation import (
    Result,
    load_result,
    make_result,
    predictions_table,
    read_predictions,
    save_result,
    write_predictions,
)
from core.execution.target_evaluation import answers_in_target
from core.home import Home, database
from core.job import Job, Prepared, clean_sample, ignore_event
from core.models import load_trained_model, read_facts
from core.runs import Run, get_run, has_best, run_folder
from core.training import predict_logits


@dataclass(frozen=True)
class RunResults:
    """What is known of a run's best model.

    predictions: as `read_predictions` gives them. result: None where the best model was not evaluated yet (a run that
    still trains, or was interrupted).
    """

    run: Run
    dataset: Dataset
    predictions: pd.DataFrame
    result: Result | None

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.run.plan.tasks


def open_results(home: Home, run: Run) -> RunResults:
    """Raises NotFound when the run's dataset is gone."""
    folder, source = run_folder(home, run.id), run.plan.source
    dataset = load_dataset(home, source.id, source.version)
    try:
        result = load_result(folder)
    except NotFound:
        result = None
    return RunResults(run, dataset, read_predictions(folder), result)


def evaluate_best(job: Job, progress: Callable[[Prepared], None] = ignore_event) -> Result:
    """Evaluate the best epoch's model on validation and on the clean training sample, and what it answers in the target
    if there is one, into the run's folder.

    Results of the test split that an earlier model of the run had are lost with it. Raises DiskFull.
    """
    tasks = [job.dataset.task(name) for name in job.plan.tasks]
    validation = job.dataset.labelled_rows(tasks, "validation")
    sample = clean_sample(job.dataset.labelled_rows(tasks, "train"), len(validation), job.plan.seed)
    # Not from the history: that may be one epoch ahead of what was saved when a process was killed.
    best = read_facts(job.folder / "best")["best"]
    kept = best["epoch"], tuple(best.get("soup", ()))
    if "target" in job.datasets:
        answers_in_target(job.home, job.plan, job.folder, job.datasets["target"], progress)
    return _save(job, kept, _predict(job, {"validation": validation, "train": sample}, progress))


def open_test(home: Home, run_id: str, progress: Callable[[Prepared], None] = ignore_event) -> Result:
    """The results with those of the test split. Each call counts as opening it; only the first one computes.

    Raises Refused for a run without a model, or a dataset without a test split.
    """
    run = get_run(home, run_id)
    if not run.is_over or not has_best(home, run.id):
        raise Refused(f'"{run.name}" has no model to test yet.', "Wait until it has finished.")
    dataset = load_dataset(home, run.plan.source.id, run.plan.source.version)
    rows = dataset.indices("test")
    if not len(rows):
        raise Refused(f'"{dataset.name}" has no photos set aside for the test.', "Split it again, then train anew.")
    job = Job(run.plan, {"source": dataset}, home, run_folder(home, run.id))
    result = load_result(job.folder)
    if any(task.test is None for task in result.tasks):
        others = read_predictions(job.folder)
        test = _predict(job, {"test": rows}, progress)
        result = _save(job, (result.epoch, result.soup), pd.concat([others, test], ignore_index=True))
    with database(home, write=True) as db:
        db.execute("UPDATE runs SET test_opened = test_opened + 1 WHERE id = ?", (run.id,))
    return result


def _predict(job: Job, rows_of: dict[Split, np.ndarray], progress: Callable[[Prepared], None]) -> pd.DataFrame:
    """Predictions of the best epoch's model: rows of all splits and tasks."""
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder)
    store = _open_store(job, progress)
    # All rows at once: progress then has one total.
    all_rows = np.concatenate(list(rows_of.values()))
    logits = predict_logits(model, store, all_rows, resolve_device(job.plan.device), progress)
    image_ids = job.dataset.table["image_id"].to_numpy()
    tables, begin = [], 0
    for split, rows in rows_of.items():
        for name in job.plan.tasks:
            task = job.dataset.task(name)
            part = logits[name][begin : begin + len(rows)]
            tables.append(predictions_table(image_ids[rows], split, task, job.dataset.labels(task)[rows], part))
        begin += len(rows)
    return pd.concat(tables, ignore_index=True)


def _open_store(job: Job, progress: Callable[[Prepared], None]) -> PixelStore:
    return open_pixels(
        job.home, job.dataset, job.plan.image_size, lambda done, total, _: progress(Prepared("decode", done, total))
    )


def _save(job: Job, kept: tuple[int, tuple[int, ...]], predictions: pd.DataFrame) -> Result:
    """kept: the best epoch, and those of the soup that took its place."""
    result = make_result(predictions, [job.dataset.task(name) for name in job.plan.tasks], *kept)
    write_predictions(job.folder, predictions)
    save_result(job.folder, result)
    return result
