"""The host's share of a training step: what surrounds the network, and what a graphics card would have to wait for.

    python benchmarks/host.py

Needs no graphics card. Photos lie in memory and are augmented as on a card (one sampling of the whole batch), but have
only 16 pixels a side, and the network is replaced by one that computes nothing: what is left is Python, and the calls
of torch. The goal is 1.5 ms for all that, and a number of operations that does not grow with the batch. What the
replacement takes alone, forward and backward, is subtracted. Times are of the processor, so that other programs count
little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks.report import Table, save_report
from core.activations import GpuPixelCache
from core.backbones import describe_stages, get_card
from core.datasets import Dataset, store_side
from core.home import Home, open_home
from core.job import Event, Job, Stepped
from core.models import TrainedModel, create_model
from core.plans import NO_AUGMENTATION, Augmentation, BackboneChoice, DatasetChoice, Phase, Plan
from core.tasks import Task
from core.training import train

BACKBONE, SIDE, TASK = "test_resnet.r160_in1k", 16, Task("label", ("a", "b", "c"))
BATCH_SIZES = (32, 128)
STEPS, PROFILED_STEPS, WARM_UP_STEPS = 200, 20, 10
GOAL_MICROSECONDS = 1500
# Turning a little makes a processor go a graphics card's way: one sampling of the whole batch.
AUGMENTATIONS = {
    "none": NO_AUGMENTATION,
    "crop, flip, turn, colour": Augmentation(rotate=1.0, colour=0.2),
    "with erasing": Augmentation(rotate=1.0, colour=0.2, erase=0.5),
    "strong, and mixed": Augmentation(rotate=1.0, trivial_augment=1.0, mixup=0.5, cutmix=0.5),
}


@dataclass(frozen=True)
class Share:
    """Of one step, without the network. operations: calls of torch."""

    operations: float
    microseconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a second one would only be waited for, with so little to compute
    print(save_report("host", share_table(measure_all(BATCH_SIZES, arguments.steps))))


def measure_all(batch_sizes: Sequence[int], steps: int) -> dict[tuple[str, int], Share]:
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder))
        return {
            (name, batch_size): measure(home, augmentation, batch_size, steps)
            for name, augmentation in AUGMENTATIONS.items()
            for batch_size in batch_sizes
        }


def measure(home: Home, augmentation: Augmentation, batch_size: int, steps: int) -> Share:
    """What surrounds the network in a step, all in one epoch."""
    dataset = made_up_dataset(batch_size * (WARM_UP_STEPS + steps + PROFILED_STEPS + 1))
    plan = make_plan(augmentation, batch_size)
    with tempfile.TemporaryDirectory(dir=home.root) as folder, _without_network(), _photos_in_memory():
        events = train(Job(plan, {"source": dataset}, home, Path(folder) / "run"))
        whole = _measure(lambda: _until_next_step(events), steps)
        events.close()  # type: ignore[attr-defined]
    network = _measure(_network_alone(home, plan, batch_size), steps)
    return Share(whole.operations - network.operations, whole.microseconds - network.microseconds)


def _measure(step: Callable[[], object], steps: int) -> Share:
    for _ in range(WARM_UP_STEPS):
        step()
    seconds = []
    for _ in range(steps):
        began = time.thread_time()
        step()
        seconds.append(time.thread_time() - began)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(PROFILED_STEPS):
            step()
    return Share(_outermost_operations(profiled) / PROFILED_STEPS, 1e6 * median(seconds))


def _outermost_operations(profiled: profile) -> int:
    """Calls of torch that no other such call made."""
    operations = [event for event in profiled.events() or [] if event.name.startswith("aten::")]
    return sum(event.cpu_parent is None or not event.cpu_parent.name.startswith("aten::") for event in operations)


def share_table(shares: dict[tuple[str, int], Share]) -> Table:
    return Table(
        "The host's share of a training step",
        ("changes of photos", "batch", "operations", "microseconds"),
        [(name, batch, share.operations, share.microseconds) for (name, batch), share in shares.items()],
        f"What surrounds the network in a step, the optimizer included, on one core with photos of {SIDE} pixels a "
        f"side; medians. The goal is {GOAL_MICROSECONDS:,} microseconds, and as many operations for a large batch as "
        "for a small one. A processor computes what it calls, so its microseconds grow with the batch; a graphics card "
        "is only called.",
    )


def made_up_dataset(training: int, validation: int = 8) -> Dataset:
    numbers = np.arange(training + validation)
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in numbers],
            "name": [f"{n}.png" for n in numbers],
            "hash": [f"{n:064x}" for n in numbers],
            "file": [f"{n}.png" for n in numbers],
            "split": ["train"] * training + ["validation"] * validation,
            TASK.column: numbers % len(TASK.classes),
        }
    )
    return Dataset("made-up", "made up", 1, Path("nowhere"), (TASK,), table)


def make_plan(augmentation: Augmentation, batch_size: int) -> Plan:
    stages = len(describe_stages(get_card(BACKBONE)))
    return Plan(
        datasets=(DatasetChoice(id="made-up", version=1),),
        tasks=(TASK.name,),
        backbone=BackboneChoice(name=BACKBONE, weights="random"),
        phases=(Phase(epochs=2, stage_rates=(1e-4,) * stages, head_rate=1e-3),),
        augmentation=augmentation,
        batch_size=batch_size,
        image_size=SIDE,
        device="cpu",
        precision="fp32",
    )


class _Nothing(torch.autograd.Function):
    """Features that depend on the photos, and a gradient for each parameter, for no work."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, width: int, *parameters: Tensor) -> Tensor:
        ctx.gradients = [torch.zeros_like(each) for each in parameters]
        return images[:, 0, 0, :1].expand(-1, width).clone()

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *ctx.gradients


def _hollow(model: TrainedModel) -> TrainedModel:
    """The model; its backbone has as many parameters as before, each of one number, and computes nothing."""
    parameters = list(model.backbone.parameters())
    for each in parameters:
        each.data = each.data.reshape(-1)[:1].reshape((1,) * each.ndim)
    model.backbone.forward = lambda images: _Nothing.apply(images, model.num_features, *parameters)
    return model


def _network_alone(home: Home, plan: Plan, batch_size: int) -> Callable[[], object]:
    """What the hollow backbone takes by itself in a step."""
    backbone = _hollow(create_model(home, plan, [TASK])).backbone
    images = torch.zeros(batch_size, 3, SIDE, SIDE)

    def step() -> None:
        features = backbone(images)
        features.backward(features)
        backbone.zero_grad()

    return step


def _without_network() -> Any:
    return patch("core.training.setup.create_model", lambda *given: _hollow(create_model(*given)))


def _photos_in_memory() -> Any:
    """Noise where a graphics card has its photos, in place of files."""

    def open_pixels(home: Home, dataset: Dataset, image_size: int, progress: Any) -> GpuPixelCache:
        side = store_side(image_size)
        noise = np.random.default_rng(0).integers(0, 256, (len(dataset), 3, side, side), dtype=np.uint8)
        return GpuPixelCache(_Side(image_size, side), torch.from_numpy(noise))  # type: ignore[arg-type]

    return patch("core.training.setup.open_pixels", open_pixels)


@dataclass(frozen=True)
class _Side:
    """What a store says of its photos."""

    image_size: int
    side: int
    note: str = ""


def _until_next_step(events: Iterator[Event]) -> None:
    next(event for event in events if isinstance(event, Stepped))


if __name__ == "__main__":
    main()
