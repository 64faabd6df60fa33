"""Try which part of a network wants to learn: a short run for each, of which nothing but its figures is kept."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.activity import activity_in_words
from core.backbones import describe_stages
from core.datasets import Dataset
from core.device import restored_threads
from core.evaluation import EpochScores, PartTried, paired_gain, part_tried
from core.execution.rate_finding import check_can_start
from core.home import Home, Progress, silent
from core.job import EpochEnded, Event, Job, Prepared, Role, load_datasets
from core.plans import Plan, plan_of_part, trial_epochs
from core.profiling import autotune_job
from core.training import best_losses, train

HEAD_ALONE = "head alone"


@dataclass(frozen=True)
class Trial:
    """What became of a plan. scores: by task, at the best epoch of the last phase. losses: by task, of each validation
    photo at the best epoch of all.
    """

    scores: Mapping[str, EpochScores]
    losses: Mapping[str, np.ndarray]

    @property
    def loss(self) -> float:
        return _loss(self.scores)


def try_parts(home: Home, plan: Plan, progress: Progress = silent) -> Iterator[PartTried]:
    """The head alone, then each stage with it, from the last one to the stem; each as soon as it is known.

    progress: may raise to stop it. Raises BadPlan for a plan that could not be started, and what `train` raises.
    """
    stages, datasets = describe_stages(plan.backbone.name), load_datasets(home, plan)
    epochs = trial_epochs(len(datasets["source"].indices("train")))
    check_can_start(home, plan_of_part(plan, len(stages) - 1, epochs))
    total = len(stages) * epochs
    alone = plan_of_part(plan, None, epochs)
    head = try_plan(home, alone, datasets, lambda _, words: progress(0, total, f"{HEAD_ALONE}: {words}"))
    yield part_tried(None, HEAD_ALONE, list(head.scores.values()))
    for done, stage in enumerate(reversed(stages)):

        def tell(epoch: int, words: str, before: int = done * epochs, name: str = stage.name) -> None:
            progress(before + epoch, total, f"{name}: {words}")

        trial = try_plan(home, plan_of_part(plan, stage.index, epochs), datasets, tell)
        gain = paired_gain(head.losses, trial.losses) if trial.loss < head.loss else (0.0, 0.0)
        yield part_tried(stage.index, stage.name, list(trial.scores.values()), gain)


def try_plan(home: Home, plan: Plan, datasets: Mapping[Role, Dataset], tell: Callable[[int, str], None]) -> Trial:
    """Train as a plan says, and keep nothing but what validation says of it.

    tell: called with the epochs of the last phase so far, and with what is going on; it may raise to stop.
    """
    best: EpochEnded | None = None
    epoch, last = 0, len(plan.phases) - 1
    with TemporaryDirectory(prefix="graft-", ignore_cleanup_errors=True) as folder, restored_threads():
        job = Job(plan, datasets, home, Path(folder) / "run")
        with closing(train(autotune_job(job))) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, EpochEnded) and event.phase == last:
                    epoch += 1
                    if best is None or _loss(event.scores) < _loss(best.scores):
                        best = event
                tell(epoch, _in_words(event))
        assert best, "a trial has no early stopping"
        return Trial(best.scores, best_losses(job.folder))


def _loss(scores: Mapping[str, EpochScores]) -> float:
    return sum(each.validation_loss for each in scores.values())


def _in_words(event: Event) -> str:
    return activity_in_words(event.kind).lower() if isinstance(event, Prepared) else "learning"
