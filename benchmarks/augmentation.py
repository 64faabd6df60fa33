"""How fast a batch of photos is augmented, each photo with parameters of its own, by Graft and by others.

    python benchmarks/augmentation.py            64, 128 and 224 pixels, 32 photos: two minutes on two cores
    python benchmarks/augmentation.py --quick    224 pixels, three rounds

From stored uint8 pixels to normalised floats: crop, flip and colour, and the same with rotation and erasing. kornia is
measured where it is installed, a graphics processor where there is one.
"""

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

from benchmarks.experiment import argument_parser
from benchmarks.other_load import OtherLoad
from benchmarks.report import Table, save_report
from core.augmentation import ASPECT_RATIOS, ERASED_AREA, apply_erasing, augment, sample_parameters
from core.datasets import store_side
from core.plans import Augmentation

SIZES, BATCH = (64, 128, 224), 32
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TASKS = {
    "crop, flip, colour": Augmentation(),
    "with rotation and erasing": Augmentation(rotate=15, erase=0.5),
}
GRAFT, V2_WHOLE_BATCH = "Graft", "torchvision v2, one change for all"
LEGEND = (
    "Photos per second. *One core*: per second of processor time, torch with one thread. *All cores*: by the clock, "
    f"torch with all its threads. Medians of rounds in which all ways alternate. "
    f"*{V2_WHOLE_BATCH}* does less: every photo of a batch is changed alike."
)

Augment = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Measured:
    """Photos per second, round by round."""

    task: str
    size: int
    device: str
    one_core: Mapping[str, list[float]]
    all_cores: Mapping[str, list[float]]


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    sizes, rounds = ((224,), 3) if options.quick else (SIZES, options.rounds)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    with OtherLoad() as load:
        measurements = [measure(task, size, device, rounds) for device in devices for task in TASKS for size in sizes]
    note = f"Other programs used {100 * load.fraction:.0f} % of the processor meanwhile."
    print(
        save_report("augmentation", speed_table(measurements), draw=partial(plot, measurements=measurements), note=note)
    )


def measure(task: str, size: int, device: str, rounds: int) -> Measured:
    side = store_side(size)
    stored = np.random.default_rng(0).integers(0, 256, (BATCH, 3, side, side), dtype=np.uint8)
    pixels = torch.from_numpy(stored).to(device)
    methods = all_methods(TASKS[task], size, device)
    single_core: dict[str, list[float]] = {name: [] for name in methods if device == "cpu"}
    all_cores: dict[str, list[float]] = {name: [] for name in methods}
    threads = torch.get_num_threads()
    for method in methods.values():
        method(pixels)
    for _ in range(rounds):
        for name, method in methods.items():
            all_cores[name].append(BATCH / seconds(method, pixels, time.perf_counter))
            if device == "cpu":
                torch.set_num_threads(1)
                single_core[name].append(BATCH / seconds(method, pixels, time.process_time))
                torch.set_num_threads(threads)
    return Measured(task, size, device, single_core, all_cores)


def seconds(method: Augment, pixels: Tensor, clock: Callable[[], float]) -> float:
    wait = torch.cuda.synchronize if pixels.is_cuda else lambda: None
    wait()
    started = clock()
    method(pixels)
    wait()
    return clock() - started


def all_methods(augmentation: Augmentation, size: int, device: str) -> dict[str, Augment]:
    methods = {
        GRAFT: by_graft(augmentation, size, device),
        "torchvision v2, photo by photo": photo_by_photo(by_torchvision(augmentation, size)),
        V2_WHOLE_BATCH: by_torchvision(augmentation, size),
    }
    return methods | ({"kornia": by_kornia(augmentation, size)} if find_spec("kornia") else {})


def by_graft(augmentation: Augmentation, size: int, device: str) -> Augment:
    mean, std = (255 * torch.tensor(each, device=device).view(1, 3, 1, 1) for each in (MEAN, STD))
    epochs = iter(range(1_000_000))

    def augment_batch(pixels: Tensor) -> Tensor:
        drawn = sample_parameters(augmentation, 0, next(epochs), np.arange(BATCH), size / pixels.shape[-1])
        return apply_erasing((augment(pixels, augmentation, drawn, size) - mean).div_(std), drawn)

    return augment_batch


def by_torchvision(augmentation: Augmentation, size: int) -> Augment:
    rotation = [v2.RandomRotation(augmentation.rotate, v2.InterpolationMode.BILINEAR)] if augmentation.rotate else []
    erasing = [v2.RandomErasing(augmentation.erase, ERASED_AREA, (1, 1))] if augmentation.erase else []
    steps = [
        *rotation,
        v2.RandomResizedCrop(size, (augmentation.crop, 1), ASPECT_RATIOS, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(augmentation.colour, augmentation.colour, augmentation.colour),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
        *erasing,
    ]
    return v2.Compose(steps)


def photo_by_photo(method: Augment) -> Augment:
    return lambda pixels: torch.stack([method(photo) for photo in pixels])


def by_kornia(augmentation: Augmentation, size: int) -> Augment:
    from kornia import augmentation as kornia

    rotation = [kornia.RandomRotation(augmentation.rotate, p=1)] if augmentation.rotate else []
    erasing = [kornia.RandomErasing(ERASED_AREA, (1, 1), p=augmentation.erase)] if augmentation.erase else []
    steps = kornia.AugmentationSequential(
        *rotation,
        kornia.RandomResizedCrop((size, size), (augmentation.crop, 1), ASPECT_RATIOS),
        kornia.RandomHorizontalFlip(),
        kornia.ColorJitter(augmentation.colour, augmentation.colour, augmentation.colour, p=1),
        kornia.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
        *erasing,
    )
    return lambda pixels: steps(pixels.float() / 255)


def speed_table(measurements: list[Measured]) -> Table:
    columns = ("work", "pixels", "device", "way", "one core", "x v2", "all cores", "x v2")
    rows = []
    for each in measurements:
        ones, alls = ({method: median(rounds) for method, rounds in r.items()} for r in (each.one_core, each.all_cores))
        base = "torchvision v2, photo by photo"
        for method in alls:
            one_core_speed = ones.get(method)
            ratio = one_core_speed and one_core_speed / ones[base]
            rows.append(
                (
                    each.task,
                    each.size,
                    each.device,
                    method,
                    one_core_speed,
                    ratio,
                    alls[method],
                    alls[method] / alls[base],
                )
            )
    return Table("Augmentation, batches of 32", columns, rows, LEGEND)


def plot(figure: Any, measurements: list[Measured]) -> None:
    """Photos per second by way, a panel per work and device, at the largest size."""
    largest = [each for each in measurements if each.size == max(each.size for each in measurements)]
    for panel, each in zip(figure.subplots(len(largest), 1, squeeze=False).flat, largest, strict=True):
        bars = panel.barh(list(each.all_cores), [median(speeds) for speeds in each.all_cores.values()], color="#9ab")
        bars[0].set_color("#2f6f4f")
        panel.bar_label(bars, fmt="%.3g", padding=2, fontsize=8)
        panel.invert_yaxis()
        panel.margins(x=0.15)
        panel.set_title(f"{each.task}, {each.size} pixels, {each.device}", fontsize=9)
        panel.set_xlabel("photos per second", fontsize=8)
        panel.tick_params(labelsize=8)


if __name__ == "__main__":
    main()
