"""Graft through its own engine: `core.training.train` on an imported dataset, its caches empty at the start."""

import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.contenders.work import Times, Work, run_contender
from core.backbones import describe_stages
from core.datasets import list_datasets, load_dataset
from core.home import open_home
from core.job import Checkpointed, EpochEnded, Event, Job, Prepared, Stepped
from core.plans import NO_AUGMENTATION, Augmentation, BackboneChoice, DatasetChoice, Phase, Plan
from core.profiling import autotune_job
from core.training import train

TRAINING = "learning"


def run(work: Work) -> Times:
    started = time.perf_counter()
    home = open_home(work.home)
    dataset = load_dataset(home, list_datasets(home)[0].id)
    plan = make_plan(work, DatasetChoice(id=dataset.id, version=dataset.version), dataset.tasks[0].name)
    event_times = EventTimes(started)
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        job = autotune_job(Job(plan, {"source": dataset}, home, Path(folder), event_times.take))
        for event in train(job):
            event_times.take(event)
    times = event_times.times()
    times.cache_bytes = {"pixels": _bytes(home.pixels), "activations": _bytes(home.activations)}
    return times


def make_plan(work: Work, dataset: DatasetChoice, task: str) -> Plan:
    stages = len(describe_stages(work.model))
    rates = tuple(work.rate / 10 if stage >= work.first_trainable_stage else 0.0 for stage in range(stages))
    views = {} if work.cached_views is None else {"cached_views": work.cached_views}
    head = Phase(epochs=max(1, work.head_epochs), stage_rates=(0.0,) * stages, head_rate=work.rate)
    rest = Phase(epochs=work.epochs - work.head_epochs, stage_rates=rates, head_rate=work.rate, schedule="constant")
    changes = Augmentation(flip=True, crop=0.7, colour=0.0, **views) if work.crop_and_flip else NO_AUGMENTATION
    return Plan(
        datasets=(dataset,),
        tasks=(task,),
        backbone=BackboneChoice(name=work.model, weights="file", file=work.weights),
        phases=(head, rest) if work.head_epochs else (rest,),
        augmentation=changes,
        batch_size=work.batch_size,
        image_size=work.image_size,
    )


class EventTimes:
    """Attributes the time between two events to the work that the later one reports or the earlier one announces."""

    def __init__(self, started: float) -> None:
        self._last, self._previous, self._epoch = started, Prepared("load", 0, 0), 0
        self._spans: list[tuple[int, str, float]] = []  # epoch from 0, part, seconds

    def take(self, event: Event) -> None:
        now = time.perf_counter()
        self._spans.append((self._epoch, _part(self._previous, event), now - self._last))
        self._epoch += isinstance(event, EpochEnded)
        self._last, self._previous = now, event

    def times(self) -> Times:
        """What comes after the last epoch belongs to it."""
        times, parts = Times(epochs=[0.0] * self._epoch, training=[0.0] * self._epoch), defaultdict(float)
        has_trained = False
        for epoch, part, seconds in self._spans:
            parts[part] += seconds
            has_trained = has_trained or part == TRAINING
            if not has_trained:
                times.setup += seconds
                continue
            times.epochs[min(epoch, self._epoch - 1)] += seconds
            if part == TRAINING:
                times.training[epoch] += seconds
        times.parts = dict(parts)
        return times


def _part(before: Event, event: Event) -> str:
    if isinstance(before, Prepared) and before.done == 0:
        return before.kind
    if isinstance(event, Stepped):
        return TRAINING
    if isinstance(event, Prepared):
        return event.kind
    return "saving" if isinstance(event, Checkpointed) else "the rest"


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0


if __name__ == "__main__":
    run_contender(run)
