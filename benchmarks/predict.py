"""What predictions of new photos take beside the network: `graft predict` against its forward pass alone.

    python benchmarks/predict.py                     two backbones, photos made from a seed
    python benchmarks/predict.py --photos folder     your own JPEGs instead

The forward pass gets the same batches with all pixels ready. Both take turns in one process, so that other programs
slow them alike; processor seconds say what each computes, whoever else is busy.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.experiment import argument_parser
from benchmarks.other_load import OtherLoad
from benchmarks.report import Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.backbones import describe_stages, get_card
from core.datasets import import_dataset
from core.device import resolve_device
from core.exports import BATCH, Predictor, read_photo
from core.home import open_home
from core.models import create_model
from core.plans import BackboneChoice, make_plan

BACKBONES = ("mobilenetv3_small_100@160", "efficientnet_b0@160")
GOAL = 0.8  # of the photos per second of the forward pass alone
COLUMNS = (
    "network",
    "forward alone, photos/s",
    "graft predict, photos/s",
    "ratio",
    "processor seconds, forward alone",
    "graft predict",
    "ratio",
)


def main() -> None:
    parser = argument_parser(__doc__, "predict")
    parser.add_argument("--photos", type=Path, help="a folder of class folders with JPEGs, instead of made ones")
    parser.add_argument("--images", type=int, default=256, help="how many photos to make")
    parser.add_argument("--backbones", nargs="+", default=BACKBONES, metavar="NAME@SIZE")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-predict-") as made, OtherLoad() as load:
        folder = options.photos or make_photos(Path(made) / "photos", options.images)
        predictors = [make_predictor(Path(made) / "home", folder, named) for named in options.backbones]
        files = sorted(folder.rglob("*.jpg"))
        rows = [measure(predictor, files, options.rounds) for predictor in predictors]
    note = (
        f"{len(files):,} photos, medians of {options.rounds} rounds. The goal is {GOAL} of the photos per second of "
        f"the forward pass alone. Other programs used {100 * load.fraction:.0f} % of the processor meanwhile."
    )
    print(save_report(options.name, Table("Predictions beside their forward pass", COLUMNS, rows), note=note))


def make_predictor(root: Path, photos: Path, named: str) -> Predictor:
    """A network with random weights, which cost as much. named: NAME@SIZE."""
    name, _, size = named.partition("@")
    card, home = get_card(name), open_home(root / name)
    dataset = import_dataset(home, "photos", photos)
    plan = make_plan(dataset, card, describe_stages(card), "feature-extraction", int(size))
    plan = plan.model_copy(update={"backbone": BackboneChoice(name=name, weights="random")})
    device = resolve_device()
    model = create_model(home, plan, dataset.tasks[:1]).to(device).eval()
    return Predictor(model, plan, dataset.tasks[:1], device)


def measure(predictor: Predictor, files: Sequence[Path], rounds: int) -> tuple[str, *tuple[float, ...]]:
    """A row of the table."""
    size = predictor.plan.image_size
    pixels = np.stack([photo for photo in (read_photo(file, size) for file in files) if isinstance(photo, np.ndarray)])

    def forward_alone() -> None:
        for start in range(0, len(pixels), BATCH):
            predictor.predict_pixels(pixels[start : start + BATCH])

    def predict() -> None:
        for _ in predictor.iter_predictions(files):
            pass

    for action in (forward_alone, predict):  # what happens once is not measured
        action()
    alone, whole = [], []
    for _ in range(rounds):
        alone.append(seconds_of(forward_alone))
        whole.append(seconds_of(predict))
    alone_clock, alone_processor = (median(each) for each in zip(*alone, strict=True))
    whole_clock, whole_processor = (median(each) for each in zip(*whole, strict=True))
    return (
        f"{predictor.plan.backbone.name} at {size}",
        len(pixels) / alone_clock,
        len(pixels) / whole_clock,
        alone_clock / whole_clock,
        alone_processor,
        whole_processor,
        alone_processor / whole_processor,
    )


def seconds_of(action: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of this process on all cores."""
    started, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - started, time.process_time() - used


if __name__ == "__main__":
    main()
