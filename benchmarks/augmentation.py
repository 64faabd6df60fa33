"""How fast a batch of photos is changed, each in its own way, by Graft and by others.

    python benchmarks/augmentation.py            64, 128 and 224 pixels, 32 photos: two minutes on two cores
    python benchmarks/augmentation.py --quick    224 pixels, three rounds

From stored uint8 pixels to normalised floats: crop, flip and colour, and the same with rotation and erasing. kornia is
measured where it is installed, a graphics processor where there is one.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from benchmarks.machine import Table, keep
from benchmarks.neighbours import Neighbours
from core.augmentation import ASPECT_RATIOS, ERASED_AREA, apply_erasing, augment, sample_parameters
from core.datasets import store_side
from core.plans import Augmentation

SIZES, BATCH = (64, 128, 224), 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKS = {
    "crop, flip, colour": Augmentation(),
    "with rotation and erasing": Augmentation(rotate=15, erase=0.5),
}
GRAFT, SAME = "Graft", "torchvision v2, one change for all"
LEGEND = (
    "Photos per second. *One core*: per second of processor time, torch with one thread. *All cores*: by the clock, "
    f"torch with all its threads. Medians of rounds in which all ways take turns. *{SAME}* does less: every photo of a "
    "batch is changed alike."
)

Way = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Measured:
    """Photos per second, round by round."""

    work: str
    size: int
    device: str
    one_core: Mapping[str, list[float]]
    all_cores: Mapping[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=11)
    wanted = parser.parse_args()
    sizes, rounds = ((224,), 3) if wanted.quick else (SIZES, wanted.rounds)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    with Neighbours() as others:
        found = [measure(work, size, device, rounds) for device in devices for work in WORKS for size in sizes]
    note = f"Other programs used {100 * others.share:.0f} % of the processor meanwhile."
    print(keep("augmentation", speed_table(found), draw=partial(plot, found=found), note=note))


def measure(work: str, size: int, device: str, rounds: int) -> Measured:
    side = store_side(size)
    stored = np.random.default_rng(0).integers(0, 256, (BATCH, 3, side, side), dtype=np.uint8)
    pixels = torch.from_numpy(stored).to(device)
    ways = all_ways(WORKS[work], size, device)
    one: dict[str, list[float]] = {name: [] for name in ways if device == "cpu"}
    every: dict[str, list[float]] = {name: [] for name in ways}
    threads = torch.get_num_threads()
    for way in ways.values():
        way(pixels)
    for _ in range(rounds):
        for name, way in ways.items():
            every[name].append(BATCH / seconds(way, pixels, time.perf_counter))
            if device == "cpu":
                torch.set_num_threads(1)
                one[name].append(BATCH / seconds(way, pixels, time.process_time))
                torch.set_num_threads(threads)
    return Measured(work, size, device, one, every)


def seconds(way: Way, pixels: Tensor, clock: Callable[[], float]) -> float:
    wait = torch.cuda.synchronize if pixels.is_cuda else lambda: None
    wait()
    began = clock()
    way(pixels)
    wait()
    return clock() - began


def all_ways(changes: Augmentation, size: int, device: str) -> dict[str, Way]:
    ways = {
        GRAFT: by_graft(changes, size, device),
        "torchvision v2, photo by photo": photo_by_photo(by_torchvision(changes, size)),
        SAME: by_torchvision(changes, size),
    }
    return ways | ({"kornia": by_kornia(changes, size)} if find_spec("kornia") else {})


def by_graft(changes: Augmentation, size: int, device: str) -> Way:
    mean, std = (255 * torch.tensor(each, device=device).view(1, 3, 1, 1) for each in (MEAN, STD))
    epochs = iter(range(1_000_000))

    def change(pixels: Tensor) -> Tensor:
        drawn = sample_parameters(changes, 0, next(epochs), np.arange(BATCH), size / pixels.shape[-1])
        return apply_erasing((augment(pixels, changes, drawn, size) - mean).div_(std), drawn)

    return change


def by_torchvision(changes: Augmentation, size: int) -> Way:
    rotation = [v2.RandomRotation(changes.rotate, v2.InterpolationMode.BILINEAR)] if changes.rotate else []
    erasing = [v2.RandomErasing(changes.erase, ERASED_AREA, (1, 1))] if changes.erase else []
    steps = [
        *rotation,
        v2.RandomResizedCrop(size, (changes.crop, 1), ASPECT_RATIOS, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(changes.colour, changes.colour, changes.colour),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
        *erasing,
    ]
    return v2.Compose(steps)


def photo_by_photo(way: Way) -> Way:
    return lambda pixels: torch.stack([way(photo) for photo in pixels])


def by_kornia(changes: Augmentation, size: int) -> Way:
    from kornia import augmentation as kornia

    rotation = [kornia.RandomRotation(changes.rotate, p=1)] if changes.rotate else []
    erasing = [kornia.RandomErasing(ERASED_AREA, (1, 1), p=changes.erase)] if changes.erase else []
    steps = kornia.AugmentationSequential(
        *rotation,
        kornia.RandomResizedCrop((size, size), (changes.crop, 1), ASPECT_RATIOS),
        kornia.RandomHorizontalFlip(),
        kornia.ColorJitter(changes.colour, changes.colour, changes.colour, p=1),
        kornia.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
        *erasing,
    )
    return lambda pixels: steps(pixels.float() / 255)


def speed_table(found: list[Measured]) -> Table:
    columns = ("work", "pixels", "device", "way", "one core", "x v2", "all cores", "x v2")
    rows = []
    for each in found:
        ones, alls = ({way: median(rounds) for way, rounds in r.items()} for r in (each.one_core, each.all_cores))
        base = "torchvision v2, photo by photo"
        for way in alls:
            alone = ones.get(way)
            ratio = alone and alone / ones[base]
            rows.append((each.work, each.size, each.device, way, alone, ratio, alls[way], alls[way] / alls[base]))
    return Table("Augmentation, batches of 32", columns, rows, LEGEND)


def plot(figure: Any, found: list[Measured]) -> None:
    """Photos per second by way, a panel per work and device, at the largest size."""
    largest = [each for each in found if each.size == max(each.size for each in found)]
    for panel, each in zip(figure.subplots(len(largest), 1, squeeze=False).flat, largest, strict=True):
        bars = panel.barh(list(each.all_cores), [median(speeds) for speeds in each.all_cores.values()], color="#9ab")
        bars[0].set_color("#2f6f4f")
        panel.bar_label(bars, fmt="%.3g", padding=2, fontsize=8)
        panel.invert_yaxis()
        panel.margins(x=0.15)
        panel.set_title(f"{each.work}, {each.size} pixels, {each.device}", fontsize=9)
        panel.set_xlabel("photos per second", fontsize=8)
        panel.tick_params(labelsize=8)


if __name__ == "__main__":
    main()
