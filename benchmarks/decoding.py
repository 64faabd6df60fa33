"""How fast photos come from their files to the pixels that a network gets, by Graft and by others.

    python benchmarks/decoding.py                    photos made from a seed, of three sizes: three minutes on two cores
    python benchmarks/decoding.py --folder photos    your own JPEGs instead

Every way gives the centre square of each photo at the side that training at --image-size stores.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torchvision.io import ImageReadMode, decode_image, read_file

from benchmarks.experiment import argument_parser
from benchmarks.other_load import OtherLoad
from benchmarks.report import Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.datasets import WORKERS, decode_for, import_dataset, open_pixels, store_side
from core.home import open_home

SIZES = {"192 x 256": (192, 256, 240), "400 x 533": (400, 533, 160), "4000 x 3000": (4_000, 3_000, 6)}
GRAFT, STORE, BASE = "Graft", "Graft, file to pixel store", "Pillow, full size"
LEGEND = (
    "*Per core*: photos per second of processor time, by one thread. *All cores*: photos per second by the clock, by "
    "as many threads as there are cores. Medians of rounds in which all ways take turns. "
    "Later trainings read the store and decode nothing."
)

Decode = Callable[[Path], object]


@dataclass(frozen=True)
class Speed:
    """Photos per second, round by round; per_core is empty where only all cores together were measured."""

    per_core: list[float]
    all_cores: list[float]


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--folder", type=Path, help="JPEGs to read instead of made ones")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, OtherLoad() as load:
        speeds_by_size = {
            name: measure(files, options.image_size, options.rounds)
            for name, files in photo_sets(Path(made), options.folder).items()
        }
    table = speed_table(speeds_by_size, options.image_size)
    note = f"Other programs used {100 * load.fraction:.0f} % of the processor meanwhile."
    print(save_report("decoding", table, draw=partial(draw, speeds_by_size=speeds_by_size), note=note))


def photo_sets(made: Path, folder: Path | None) -> dict[str, list[Path]]:
    """JPEGs by the words for their size."""
    if folder is not None:
        return {folder.name: sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))}
    return {
        name: sorted(make_photos(made / name, images, classes=2, width=width, height=height).rglob("*.jpg"))
        for name, (width, height, images) in SIZES.items()
    }


def measure(files: Sequence[Path], image_size: int, rounds: int) -> dict[str, Speed]:
    side = store_side(image_size)
    methods: dict[str, Decode] = {
        BASE: partial(by_pillow, side=side),
        "Pillow, draft": partial(by_pillow_draft, side=side),
        "torchvision": partial(by_torchvision, side=side),
        GRAFT: partial(decode_for, side=side),
    }
    for method in methods.values():  # libraries load what they need
        method(files[0])
    speeds = {name: Speed([], []) for name in (*methods, STORE)}
    for _ in range(rounds):
        for name, method in methods.items():
            speeds[name].per_core.append(per_core(method, files))
            speeds[name].all_cores.append(all_cores_speed(method, files))
        speeds[STORE].all_cores.append(pixel_store_speed(files, image_size))
    return speeds


def per_core(method: Decode, files: Sequence[Path]) -> float:
    started = time.process_time()
    for file in files:
        method(file)
    return len(files) / (time.process_time() - started)


def all_cores_speed(method: Decode, files: Sequence[Path]) -> float:
    with ThreadPoolExecutor(WORKERS) as pool:
        started = time.perf_counter()
        list(pool.map(method, files))
        return len(files) / (time.perf_counter() - started)


def pixel_store_speed(files: Sequence[Path], image_size: int) -> float:
    """As the first training on a dataset does it; the import is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder))
        dataset = import_dataset(home, "photos", files[0].parents[1])
        started = time.perf_counter()
        open_pixels(home, dataset, image_size)
        return len(dataset) / (time.perf_counter() - started)


def by_pillow(file: Path, side: int) -> np.ndarray:
    with Image.open(file) as image:
        return centre_square(image.convert("RGB"), side)


def by_pillow_draft(file: Path, side: int) -> np.ndarray:
    with Image.open(file) as image:
        image.draft("RGB", (2 * side, 2 * side))
        return centre_square(image.convert("RGB"), side)


def centre_square(image: Image.Image, side: int) -> np.ndarray:
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    box = (left, top, left + edge, top + edge)
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=box))


def by_torchvision(file: Path, side: int) -> torch.Tensor:
    pixels = decode_image(read_file(str(file)), ImageReadMode.RGB, apply_exif_orientation=True)
    height, width = pixels.shape[-2:]
    edge = min(height, width)
    left, top = (width - edge) // 2, (height - edge) // 2
    square = pixels[None, :, top : top + edge, left : left + edge]
    return functional.interpolate(square, (side, side), mode="bicubic", antialias=True)


def speed_table(speeds_by_size: Mapping[str, Mapping[str, Speed]], image_size: int) -> Table:
    columns = ("photos", "way", "photos/s per core", "x Pillow", "photos/s, all cores", "x Pillow")
    rows = []
    for size, speeds in speeds_by_size.items():
        core, cores = median(speeds[BASE].per_core), median(speeds[BASE].all_cores)
        for method, speed in speeds.items():
            per_core_speed = median(speed.per_core) if speed.per_core else None
            all_cores_median = median(speed.all_cores)
            rows.append(
                (
                    size,
                    method,
                    per_core_speed,
                    per_core_speed and per_core_speed / core,
                    all_cores_median,
                    all_cores_median / cores,
                )
            )
    return Table(f"Decoding, to {store_side(image_size)} pixels", columns, rows, LEGEND)


def draw(figure: Any, speeds_by_size: Mapping[str, Mapping[str, Speed]]) -> None:
    """Photos per second by way, a panel per size."""
    panels = figure.subplots(1, len(speeds_by_size), squeeze=False).flat
    for panel, (size, speeds) in zip(panels, speeds_by_size.items(), strict=True):
        bars = panel.barh(list(speeds), [median(speed.all_cores) for speed in speeds.values()], color="#9ab")
        for method, bar in zip(speeds, bars, strict=True):
            bar.set_color("#2f6f4f" if method in (GRAFT, STORE) else "#9ab")
        panel.bar_label(bars, fmt="%.3g", padding=2, fontsize=8)
        panel.invert_yaxis()
        panel.margins(x=0.2)
        panel.set_title(size, fontsize=9)
        panel.set_xlabel("photos per second, all cores", fontsize=8)
        panel.tick_params(labelsize=8)


if __name__ == "__main__":
    main()
