"""A dataset of small made-up photos that lie in memory, and runs over it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core.backbones import card, describe_stages
from core.datasets import MISSING, Dataset, Task, store_side
from core.home import Home
from core.plans import BackboneChoice, DatasetChoice, Phase, Plan
from core.training import Event, Job, TrainedModel, train
from core.training.arithmetic import Arithmetic, usual

SPECIES, HEALTH = Task("species", ("oak", "elm", "ash")), Task("health", ("well", "ill"))
STARTER = "graft-resnet10t"
RESNET, CONVNEXT, VIT = "test_resnet.r160_in1k", "test_convnext.r160_in1k", "test_vit.r160_in1k"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass
class InMemory:
    """A pixel store of noise with one colour per class."""

    image_size: int
    labels: np.ndarray
    note: str = ""

    def __post_init__(self) -> None:
        self.side = store_side(self.image_size)
        noise = np.random.default_rng(0).integers(0, 200, (len(self.labels), 3, self.side, self.side))
        noise[np.arange(len(self.labels)), self.labels] += 55
        self.pixels = torch.from_numpy(noise.astype(np.uint8))

    def read(self, rows: np.ndarray) -> torch.Tensor:
        return self.pixels[torch.from_numpy(np.asarray(rows))]


def make_dataset(train_images: int = 26, validation_images: int = 9) -> Dataset:
    """Two tasks; a third of the photos has no label for the second."""
    count = train_images + validation_images
    species = np.arange(count) % 3
    health = np.where(np.arange(count) % 3 == 2, MISSING, np.arange(count) // 3 % 2)
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in range(count)],
            "name": [f"{n}.png" for n in range(count)],
            "hash": [f"{n:064x}" for n in range(count)],
            "file": [f"{n}.png" for n in range(count)],
            "split": ["train"] * train_images + ["validation"] * validation_images,
            SPECIES.column: species,
            HEALTH.column: health,
        }
    )
    return Dataset("d1", "leaves", 1, Path("nowhere"), (SPECIES, HEALTH), table)


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset()


@pytest.fixture(autouse=True)
def _photos_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_in_memory(home: Home, dataset: Dataset, image_size: int, progress: Any) -> InMemory:
        return InMemory(image_size, dataset.labels(SPECIES))

    monkeypatch.setattr("core.training.preparing.open_pixels", open_in_memory)


@pytest.fixture(autouse=True)
def _nothing_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs begin in the usual arithmetic: trying steps beforehand would be counted by tests that count steps."""

    def usual_at_once(home: Home, plan: Plan, model: TrainedModel, device: torch.device, photos: int) -> Arithmetic:
        return usual(model.backbone, device, plan.precision)

    monkeypatch.setattr("core.training.preparing.arithmetic_for_run", usual_at_once)


def phase(backbone: str = RESNET, learning: int = 99, rate: float = 1e-3, **changes: Any) -> Phase:
    """One in which the last `learning` stages learn."""
    stages = len(describe_stages(card(backbone)))
    rates = tuple(rate if stages - number <= learning else 0.0 for number in range(stages))
    return Phase(**{"epochs": 2, "stage_rates": rates, "head_rate": 1e-2, **changes})


def make_plan(*phases: Phase, backbone: str = RESNET, **changes: Any) -> Plan:
    settings = {
        "datasets": (DatasetChoice(id="d1", version=1),),
        "tasks": ("species",),
        "backbone": BackboneChoice(name=backbone, weights="random"),
        "phases": phases or (phase(backbone),),
        "batch_size": 8,
        "image_size": 32,
        "device": "cpu",
        "precision": "fp32",
    }
    return Plan(**{**settings, **changes})


@pytest.fixture
def job_for(home: Home, dataset: Dataset) -> Callable[..., Job]:
    """job_for(plan, "name"): a run's folder of its own for each name."""

    def job(plan: Plan, name: str = "run", of: Dataset = dataset) -> Job:
        return Job(plan, of, home, home.runs / name)

    return job


def run_through(job: Job) -> list[Event]:
    return list(train(job))


def timeless(events: list[Event]) -> list[Event]:
    """The events without what a clock says."""
    return [replace(e, images_per_second=0.0, seconds=0.0) if hasattr(e, "seconds") else e for e in events]
