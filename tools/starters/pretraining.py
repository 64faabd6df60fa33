"""The training of one starter, stretch by stretch; broken off anywhere, it goes on from its last checkpoint."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets import Dataset, open_pixels
from core.home import Home
from core.plans import Teacher
from core.training import Checkpointed, EpochEnded, Event, Job, Prepared, Stepped, load_trained, score, train
from core.training.checkpoints import load_model
from core.training.preparing import prepare
from tools.starters.held_out import accuracies
from tools.starters.recipes import Recipe, plan_of, way_of


@dataclass
class Log:
    """What is kept of a training: a line of JSON per epoch in `file`."""

    file: Path
    losses: list[float] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        if isinstance(event, Stepped):
            self.losses.append(event.loss)
            self.rates = event.learning_rates

    def write(self, **facts: Any) -> None:
        """One line: `facts`, and what was heard since the line before."""
        line = {
            **facts,
            "rate": max(self.rates.values(), default=0.0),
            "train_loss": round(float(np.mean(self.losses)), 4) if self.losses else None,
            "steps": len(self.losses),
            "time": round(time.time()),
        }
        self.losses = []
        with self.file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def pretrain(recipe: Recipe, home: Home, dataset: Dataset, folder: Path, teacher: Teacher) -> Job:
    """Carry out all stretches of a recipe below `folder`, each in a folder of its own. Gives the last one's job."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = jobs_of(recipe, home, dataset, folder, teacher)
    if not (jobs[0].folder / "last").exists():  # of a training that was given up, if there is one
        (folder / "log.jsonl").unlink(missing_ok=True)
    for number, job in enumerate(jobs):
        if number > 0 and not (job.folder / "last").exists():
            _begin_from(jobs[number - 1], job)
        _follow(job, Log(folder / "log.jsonl"))
    return jobs[-1]


def jobs_of(recipe: Recipe, home: Home, dataset: Dataset, folder: Path, teacher: Teacher) -> list[Job]:
    """A job per stretch."""
    return [
        Job(plan_of(recipe, stretch, dataset, teacher), dataset, home, folder / f"{number}-{stretch.image_size}")
        for number, stretch in enumerate(recipe.stretches)
    ]


def last_trained(jobs: list[Job]) -> Job:
    """The last stretch of which an epoch has ended; what of it is trained can be made a starter."""
    return next(job for job in reversed(jobs) if (job.folder / "last").exists())


def _begin_from(before: Job, job: Job) -> None:
    """Give a stretch the last weights of the stretch before, as a checkpoint from which it goes on."""
    preparing = prepare(job)
    while True:
        try:
            next(preparing)
        except StopIteration as ready:
            _, state, saver = ready.value
            break
    load_model(state.model, before.folder, "last")
    if state.average:
        state.average.load(state.model.state_dict())
    saver.save(state)


def _follow(job: Job, log: Log) -> None:
    ended: EpochEnded | None = None
    for event in train(job):
        log.hear(event)
        if isinstance(event, Prepared) and event.total == 0:
            print(event.doing, flush=True)
        if isinstance(event, EpochEnded):
            ended = event
        if isinstance(event, Checkpointed) and ended:
            log.write(**_epoch_facts(job, ended))
            ended = None


def _epoch_facts(job: Job, ended: EpochEnded) -> dict[str, Any]:
    top1, top5 = held_out_accuracy(job)
    scores = ended.scores[job.plan.tasks[0]]
    return {
        "size": job.plan.image_size,
        "way": way_of(job.plan),
        "epoch": ended.epoch,
        "of": job.plan.epochs,
        "top1": top1,
        "top5": top5,
        "validation_loss": round(scores.validation_loss, 4),
        "clean_train_accuracy": round(100 * scores.train_accuracy, 2),
        "images_per_second": round(ended.images_per_second),
        "seconds": round(ended.seconds),
    }


def held_out_accuracy(job: Job) -> tuple[float, float]:
    """Top-1 and top-5 in percent of the last checkpoint, on all held-out photos at the size it was trained at."""
    model = load_trained(job.home, job.plan, job.dataset.tasks, job.folder, "last")
    rows = job.dataset.indices("validation")
    logits = score(model, open_pixels(job.home, job.dataset, job.plan.image_size), rows)[job.plan.tasks[0]]
    return accuracies(logits, job.dataset.labels(job.dataset.tasks[0])[rows])
