"""Whether time and memory per photo stay as they are when there are a hundred times as many.

    python benchmarks/scale.py                   1,000, 10,000 and 100,000 photos: ten minutes on two cores
    python benchmarks/scale.py --most 10000      stops there: a minute

Each size in a process and a home of its own: photos are made (from a seed, in class folders; not counted), imported,
decoded, and a head is trained on the starter backbone at 64 pixels.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from benchmarks.experiment import argument_parser
from benchmarks.memory import ProcessTreePeak
from benchmarks.report import Table, save_report
from core.backbones import default_card, describe_stages
from core.datasets import import_dataset, open_pixels
from core.home import open_home
from core.job import EpochEnded, Job
from core.plans import make_plan
from core.profiling import autotune_job
from core.training import train

SIZES = (1_000, 10_000, 100_000)
CLASSES, EPOCHS, IMAGE_SIZE = 10, 5, 64
WIDTH, HEIGHT = 96, 72


@dataclass(frozen=True)
class ScaleMeasurement:
    """What one size took. Seconds of each part, bytes at the most and on the disk."""

    images: int
    import_seconds: float
    decode_seconds: float
    first_epoch_seconds: float
    epoch_seconds: float
    memory_bytes: int = 0
    mapped_bytes: int = 0
    disk_bytes: int = 0

    @property
    def total_seconds(self) -> float:
        later = (EPOCHS - 1) * self.epoch_seconds
        return self.import_seconds + self.decode_seconds + self.first_epoch_seconds + later


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave larger sizes out")
    parser.add_argument("--name", default="scale", help="what the results are called")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)  # the folder of one size, in its own process
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(asdict(measure(arguments.inside))))
        return
    measurements = [_measure_in_process(images) for images in SIZES if images <= arguments.most]
    print(save_report(arguments.name, result_table(measurements), draw=lambda figure: _draw(figure, measurements)))


def _measure_in_process(images: int) -> ScaleMeasurement:
    with tempfile.TemporaryDirectory(prefix="graft-scale-") as temporary:
        folder = Path(temporary)
        _make_photos(folder / "photos", images)
        command = [sys.executable, __file__, "--inside", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with ProcessTreePeak(process.pid) as peak:
            out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{images:,} photos failed")
        figures = json.loads(out.splitlines()[-1])
    memory = {"memory_bytes": peak.peak.own, "mapped_bytes": peak.peak.mapped}
    print(f"{images:,}: {figures | memory}", flush=True)
    return ScaleMeasurement(**{**figures, **memory})


def _make_photos(folder: Path, images: int) -> None:
    for kind in range(CLASSES):
        (folder / f"class {kind}").mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_make_photo, folder), range(images), chunksize=256))


def _make_photo(folder: Path, number: int) -> None:
    """A small JPEG of its own from a seed: a smooth pattern whose colour tells the class."""
    coarse = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    coarse[..., number % 3] //= 1 + number % CLASSES
    picture = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    picture.save(folder / f"class {number % CLASSES}" / f"{number:06}.jpg", quality=80)


def measure(folder: Path) -> ScaleMeasurement:
    """Photos in folder/photos; everything else is made beside them."""
    home = open_home(folder / "home")
    lap_started = time.perf_counter()

    def lap() -> float:
        nonlocal lap_started
        previous, lap_started = lap_started, time.perf_counter()
        return lap_started - previous

    dataset = import_dataset(home, "photos", folder / "photos")
    import_seconds = lap()
    open_pixels(home, dataset, IMAGE_SIZE)
    decode_seconds = lap()
    plan = make_plan(dataset, default_card(home), describe_stages(default_card(home)), image_size=IMAGE_SIZE)
    phase = plan.phases[0].model_copy(update={"epochs": EPOCHS})
    plan = plan.model_copy(update={"phases": (phase,)})
    job = autotune_job(Job(plan, {"source": dataset}, home, folder / "run"))
    epochs = [lap() for event in train(job) if isinstance(event, EpochEnded)]
    return ScaleMeasurement(
        images=len(dataset),
        import_seconds=import_seconds,
        decode_seconds=decode_seconds,
        first_epoch_seconds=epochs[0],
        epoch_seconds=float(np.median(epochs[1:])),
        disk_bytes=sum(file.stat().st_size for file in (folder / "home").rglob("*") if file.is_file()),
    )


COLUMNS = (
    "photos",
    "import, ms each",
    "decode, ms each",
    "first epoch, ms each",
    "epoch after it, ms each",
    f"all with {EPOCHS} epochs, s",
    "memory, MB",
    "mapped files, MB",
    "on disk, kB each",
)


def result_table(measurements: Sequence[ScaleMeasurement]) -> Table:
    rows = [
        (
            f"{each.images:,}",
            1e3 * each.import_seconds / each.images,
            1e3 * each.decode_seconds / each.images,
            1e3 * each.first_epoch_seconds / each.images,
            1e3 * each.epoch_seconds / each.images,
            each.total_seconds,
            each.memory_bytes / 1e6,
            each.mapped_bytes / 1e6,
            each.disk_bytes / each.images / 1e3,
        )
        for each in measurements
    ]
    note = (
        f"JPEGs of {WIDTH} x {HEIGHT}, the starter backbone at {IMAGE_SIZE} pixels, head only; 80 % of them teach. "
        "*each*: per photo of the dataset. *first epoch*: with loading the network and running its "
        "frozen part once over all photos. *memory*: the most that the process held at once; *mapped files*: libraries "
        "and caches, which the system drops when somebody needs the room."
    )
    return Table("Scale", COLUMNS, rows, note)


def _draw(figure: Any, measurements: Sequence[ScaleMeasurement]) -> None:
    images = [each.images for each in measurements]
    time_panel, memory_panel = figure.subplots(1, 2)
    parts = {
        "import": [each.import_seconds for each in measurements],
        "decode": [each.decode_seconds for each in measurements],
        "first epoch": [each.first_epoch_seconds for each in measurements],
        "epoch after it": [each.epoch_seconds for each in measurements],
    }
    for name, seconds in parts.items():
        time_panel.loglog(images, seconds, "o-", label=name)
    time_panel.set(xlabel="photos", ylabel="seconds", title="Time")
    memory_panel.loglog(images, [each.memory_bytes / 1e6 for each in measurements], "o-", label="memory")
    memory_panel.loglog(images, [each.mapped_bytes / 1e6 for each in measurements], "o-", label="mapped files")
    memory_panel.loglog(images, [each.disk_bytes / 1e6 for each in measurements], "o-", label="on disk")
    memory_panel.set(xlabel="photos", ylabel="MB", title="Room")
    for panel in (time_panel, memory_panel):
        panel.grid(alpha=0.3, which="both")
        panel.legend(fontsize=8)


if __name__ == "__main__":
    main()
