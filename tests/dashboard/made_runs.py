"""Runs in any state, told by made-up events: no network is trained, and what pages read is what a real run writes."""

import math
import time

import numpy as np
import pandas as pd

from core.backbones import Stage, card, describe_stages
from core.datasets import Dataset, Task
from core.evaluation import EpochScores, make_result, predictions_table, save_result, write_predictions
from core.home import Home, database
from core.plans import Plan, make_plan
from core.runs import Run, get_run, queue
from core.runs.control import folder_of
from core.runs.lease import Claim
from core.runs.live import hide
from core.runs.progress import Counts, ProgressMeter
from core.runs.record import Recorder
from core.training.events import EpochEnded, PhaseBegan, Stepped

STARTER = "graft-resnet10t"


def made_plan(dataset: Dataset, recipe: str = "top", tasks: tuple[str, ...] = ()) -> Plan:
    chosen = card(STARTER)
    plan = make_plan(dataset, chosen, describe_stages(chosen), recipe, image_size=64)
    return plan.model_copy(update={"tasks": tasks}) if tasks else plan


def made_run(
    home: Home,
    dataset: Dataset,
    state: str = "queued",
    epochs: int = 0,
    plan: Plan | None = None,
    name: str = "",
    wish: str = "",
    error: str = "",
    tested: bool = False,
) -> Run:
    """A run in that state after so many epochs, with curves, story, checkpoint folder and (when over) results."""
    run = queue(home, plan or made_plan(dataset), name)
    if state == "queued":
        return run
    owner = f"another machine|1|1|{run.id}"  # of which this process cannot say that it is gone
    _set(home, run, state="running", lease_owner=owner, lease_until=time.time() + 3600, started=time.time() - 60)
    _tell(home, get_run(home, run.id), Claim(run.id, owner), dataset, epochs)
    if epochs:
        (folder_of(home, run.id) / "best").mkdir(parents=True)
    if state in ("finished", "stopped") and epochs:
        _judge(home, run, dataset, tested)
    working = state in ("running", "paused")
    lease = {"lease_until": time.time() + 3600} if working else {"lease_owner": "", "ended": time.time()}
    _set(home, run, state=state, wish=wish, error=error, test_opened=int(tested), **lease)
    return get_run(home, run.id)


def _set(home: Home, run: Run, **values: object) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    with database(home, write=True) as db:
        db.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values.values(), run.id))


def _tell(home: Home, run: Run, claim: Claim, dataset: Dataset, epochs: int) -> None:
    """The events of so many epochs, and of half of the next."""
    plan = run.plan
    counts = Counts(len(dataset.indices("train")), len(dataset.indices("validation")))
    classes = {name: len(dataset.task(name).classes) for name in plan.tasks}
    recorder = Recorder(home, claim, run, ProgressMeter(plan, counts, run.progress), classes)
    stages = describe_stages(plan.backbone.name)
    per_epoch, phase, step = math.ceil(counts.training / plan.batch_size), -1, 0
    ends = np.cumsum([each.epochs for each in plan.phases])
    for epoch in range(1, min(epochs + 1, plan.epochs) + 1):
        now = int(np.searchsorted(ends, epoch))
        if now != phase:
            phase = now
            recorder.take(PhaseBegan(phase, plan.phases[phase].name, epoch, plan.epochs, _rates(plan, phase, stages)))
        halfway = epoch > epochs
        for number in range(1, (per_epoch // 2 if halfway else per_epoch) + 1):
            step += 1
            loss, images = 0.4 + math.exp(-step / per_epoch / 2), min(number * plan.batch_size, counts.training)
            recorder.take(Stepped(step, epoch, phase, images, loss, 1 - loss / 2, _rates(plan, phase, stages)))
        if not halfway:
            scores = {task: made_scores(epoch) for task in plan.tasks}
            recorder.take(EpochEnded(epoch, phase, step, scores, 412.0, 2.5, best=epoch <= 7))
    recorder.flush()
    recorder.close()
    hide(home, run.id)


def _rates(plan: Plan, phase: int, stages: tuple[Stage, ...]) -> dict[str, float]:
    chosen = plan.phases[phase]
    return {s.name: r for s, r in zip(stages, chosen.stage_rates, strict=True)} | {"head": chosen.head_rate}


def made_scores(epoch: int) -> EpochScores:
    """A model that learns quickly, then levels off while the gap goes on growing."""
    near, far = math.exp(-epoch / 2), math.exp(-epoch / 2.5)
    validation, train = 0.55 + near, 0.2 + 1.3 * far
    return EpochScores(
        validation_loss=validation,
        validation_loss_error=0.03,
        validation_accuracy=0.87 - 0.4 * near,
        validation_images=341,
        train_loss=train,
        train_loss_error=0.02,
        train_accuracy=0.98 - 0.5 * near,
        train_images=341,
        gap=validation - train,
        gap_error=0.03,
        rise=max(0.0, 0.01 * (epoch - 7)),
        rise_error=0.01,
        change=-0.02,
        change_error=0.02,
        change_epochs=2,
    )


def _judge(home: Home, run: Run, dataset: Dataset, tested: bool) -> None:
    splits = ("validation", "test") if tested else ("validation",)
    tasks = [dataset.task(name) for name in run.plan.tasks]
    tables = [made_predictions(dataset, task, split) for task in tasks for split in splits]
    predictions = pd.concat(tables, ignore_index=True)
    folder = folder_of(home, run.id)
    write_predictions(folder, predictions)
    save_result(folder, make_result(predictions, tasks, epoch=6))


def made_predictions(dataset: Dataset, task: Task, split: str, sharpness: float = 3.0) -> pd.DataFrame:
    """Answers that are mostly right, the same each time."""
    rows = dataset.indices(split)
    labels = dataset.labels(task)[rows]
    random = np.random.default_rng(len(rows))
    logits = random.normal(0, 1, (len(rows), len(task.classes)))
    logits[np.arange(len(rows)), np.maximum(labels, 0)] += sharpness * (random.random(len(rows)) > 0.15)
    return predictions_table(dataset.table["image_id"].iloc[rows].tolist(), split, task, labels, logits)
