"""The training of one starter, stretch by stretch; broken off anywhere, it goes on from its last checkpoint."""

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.activity import activity_in_words
from core.datasets import Dataset, open_pixels
from core.home import Home
from core.job import Checkpointed, EpochEnded, Event, Job, Prepared, Stepped
from core.models import load_model, load_trained_model, read_facts
from core.plans import Teacher
from core.profiling import autotune_job
from core.training import predict_logits, setup_training, train
from tools.starters.held_out import top1_top5
from tools.starters.recipes import Recipe, plan_of, supervision_of

LOG = "log.jsonl"


@dataclass
class Log:
    """Log of a training: a line of JSON per epoch in `file`."""

    file: Path
    losses: list[float] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)

    def lines(self) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]

    def on_event(self, event: Event) -> None:
        if isinstance(event, Stepped):
            self.losses.append(event.loss)
            self.rates = event.learning_rates

    def step_figures(self) -> dict[str, Any]:
        """Of the steps since this was asked last."""
        losses, self.losses = self.losses, []
        return {
            "rate": max(self.rates.values(), default=0.0),
            "train_loss": round(float(np.mean(losses)), 4) if losses else None,
            "steps": len(losses),
        }

    def write(self, **facts: Any) -> None:
        """Write one line."""
        line = {**facts, "time": round(time.time())}
        with self.file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def pretrain(recipe: Recipe, home: Home, dataset: Dataset, folder: Path, teacher: Teacher) -> Job:
    """Train all stretches of a recipe, each in a folder of its own below `folder`; returns the last one's job."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs, log = jobs_of(recipe, home, dataset, folder, teacher), Log(folder / LOG)
    if not _has_checkpoint(jobs[0]):
        _discard(jobs, log)
    for number, job in enumerate(jobs):
        if number > 0 and not _has_checkpoint(job):
            _start_from(jobs[number - 1], job)
        _train_with_log(number, job, log)
    return jobs[-1]


def jobs_of(recipe: Recipe, home: Home, dataset: Dataset, folder: Path, teacher: Teacher) -> list[Job]:
    """A job per stretch."""
    return [
        Job(
            plan_of(recipe, stretch, dataset, teacher),
            {"source": dataset},
            home,
            folder / f"{number}-{stretch.image_size}",
        )
        for number, stretch in enumerate(recipe.stretches)
    ]


def last_trained_job(jobs: list[Job]) -> tuple[Job, Job | None]:
    """The last stretch of which an epoch has ended, which can be made a starter, and the one before, if there is one.

    Raises ValueError before the first epoch's end, and where it was trained by another plan.
    """
    for job, previous in zip(reversed(jobs), [*reversed(jobs[:-1]), None], strict=True):
        if _has_checkpoint(job) and (facts := read_facts(job.folder / "last"))["position"]["epoch"]:
            if facts["plan_hash"] != job.plan.hash:
                raise ValueError(f"{job.folder} was trained with other options than these: give the same.")
            return job, previous
    raise ValueError("No epoch has ended yet.")


def _has_checkpoint(job: Job) -> bool:
    return (job.folder / "last").exists()


def _discard(jobs: list[Job], log: Log) -> None:
    """Delete what an abandoned training left."""
    log.file.unlink(missing_ok=True)
    for job in jobs:
        shutil.rmtree(job.folder, ignore_errors=True)


def _start_from(previous: Job, job: Job) -> None:
    """Give a stretch the last weights of the stretch before, as a checkpoint from which it goes on."""
    setting_up = setup_training(autotune_job(job))
    while True:
        try:
            next(setting_up)
        except StopIteration as ready:
            _, state, checkpointer = ready.value
            break
    load_model(state.model, previous.folder, "last")
    if state.ema:
        state.ema.load(state.model.state_dict())
    list(checkpointer.save(state))
    checkpointer.close()


def _train_with_log(stretch: int, job: Job, log: Log) -> None:
    """Train, with a line in the log per epoch; first the one of an epoch whose photos were scored when it broke off."""
    done = read_facts(job.folder / "last")["position"]["epoch"] if _has_checkpoint(job) else 0
    if done and (stretch, done) not in {(line["stretch"], line["epoch"]) for line in log.lines()}:
        log.write(**_epoch_facts(stretch, job, done), **log.step_figures())
    figures: dict[int, dict[str, Any]] = {}  # by the step that ended the epoch
    for event in train(autotune_job(job)):
        log.on_event(event)
        if isinstance(event, Prepared) and event.total == 0:
            print(activity_in_words(event.kind), flush=True)
        if isinstance(event, EpochEnded):
            figures[event.step] = _epoch_figures(job, event) | log.step_figures()
        if isinstance(event, Checkpointed) and event.step in figures:
            log.write(**_epoch_facts(stretch, job, event.epoch), **figures.pop(event.step))


def _epoch_facts(stretch: int, job: Job, epoch: int) -> dict[str, Any]:
    top1, top5 = held_out_accuracy(job)
    return {
        "stretch": stretch,
        "size": job.plan.image_size,
        "way": supervision_of(job.plan),
        "epoch": epoch,
        "of": job.plan.epochs,
        "top1": top1,
        "top5": top5,
    }


def _epoch_figures(job: Job, ended: EpochEnded) -> dict[str, Any]:
    scores = ended.scores[job.plan.tasks[0]]
    return {
        "validation_loss": round(scores.validation_loss, 4),
        "clean_train_accuracy": round(100 * scores.train_accuracy, 2),
        "images_per_second": round(ended.images_per_second),
        "seconds": round(ended.seconds),
    }


def held_out_accuracy(job: Job) -> tuple[float, float]:
    """Top-1 and top-5 in percent of the last checkpoint, on all held-out photos at the size it was trained at."""
    model = load_trained_model(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    rows = job.dataset.indices("validation")
    logits = predict_logits(model, open_pixels(job.home, job.dataset, job.plan.image_size), rows)[job.plan.tasks[0]]
    return top1_top5(logits, job.dataset.labels(job.dataset.tasks[0])[rows])
