"""A dataset and a backbone made by hand: plans read only their counts and names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.backbones.backbone import BackboneCard, Stage
from core.datasets.dataset import Dataset, Task


def make_dataset(train: dict[str, int], validation: int = 40, test: int = 10, side: int = 256) -> Dataset:
    names = tuple(train)
    labels = [i for i, count in enumerate(train.values()) for _ in range(count)]
    judged = [i % len(names) for i in range(validation + test)]
    splits = ["train"] * len(labels) + ["validation"] * validation + ["test"] * test
    table = pd.DataFrame(
        {
            "image_id": [f"{i:04}" for i in range(len(splits))],
            "width": side,
            "height": side,
            "split": splits,
            "label:species": np.array(labels + judged, dtype=np.int64),
        }
    )
    return Dataset("d1", "leaves", 1, Path("nowhere"), (Task("species", names),), table)


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset({"oak": 100, "birch": 100})


@pytest.fixture
def card() -> BackboneCard:
    return BackboneCard(
        name="graft-resnet10t",
        title="Graft CNN",
        sentence="",
        architecture="resnet10t",
        source="starter",
        family="resnet",
        parameters=5_000_000,
        input_size=64,
        licence="",
        weights_bytes=10_000_000,
    )


@pytest.fixture
def stages() -> tuple[Stage, ...]:
    sizes = (10_000, 100_000, 500_000, 2_000_000, 2_500_000)
    names = ("stem", "stage 1", "stage 2", "stage 3", "stage 4")
    return tuple(Stage(i, name, "", size, (), ()) for i, (name, size) in enumerate(zip(names, sizes, strict=True)))
