"""Whether the same plan gives the same bits again on this device: trained twice, and once broken off and resumed; as it
comes, and with the plan's setting *repeatable*.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.contenders.graft import make_plan
from benchmarks.contenders.work import Work
from core.datasets import list_datasets, load_dataset
from core.home import open_home
from core.job import Job, Stepped
from core.plans import DatasetChoice
from core.profiling import autotune_job
from core.training import train


@dataclass(frozen=True)
class Repeats:
    """again, resumed: whether that run's last weights have the bits of the first one's. seconds: of the run again."""

    again: bool
    resumed: bool
    seconds: float


def measure(work: Work, repeatable: bool) -> Repeats:
    """Train the work's plan three times in its home."""
    home = open_home(work.home)
    dataset = load_dataset(home, list_datasets(home)[0].id)
    choice = DatasetChoice(id=dataset.id, version=dataset.version)
    plan = make_plan(work, choice, dataset.tasks[0].name).model_copy(update={"repeatable": repeatable})

    def job(name: str) -> Job:
        folder = Path(work.home) / "repeats" / f"{name} {repeatable}"
        return autotune_job(Job(plan, {"source": dataset}, home, folder))

    jobs = [job(name) for name in ("first", "again", "broken off")]
    run_through(jobs[0])
    began = time.perf_counter()
    run_through(jobs[1])
    seconds = time.perf_counter() - began
    steps_of_epoch = -(-len(dataset.indices("train")) // work.batch_size)
    events = train(jobs[2])
    for event in events:
        if isinstance(event, Stepped) and event.step == steps_of_epoch + 1:
            break
    events.close()  # type: ignore[attr-defined]
    run_through(jobs[2])
    first, again, resumed = ((each.folder / "last" / "model.safetensors").read_bytes() for each in jobs)
    return Repeats(again == first, resumed == first, seconds)


def run_through(job: Job) -> None:
    for _ in train(job):
        pass


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    work = Work(**{**arguments, "frozen": tuple(arguments["frozen"])})
    print(json.dumps({name: asdict(measure(work, name == "repeatable")) for name in ("as it comes", "repeatable")}))
