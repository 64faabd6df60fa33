"""How fast Graft trains, beside a plain PyTorch loop, fastai and the Hugging Face Trainer (those that are installed),
and beside what this machine could do at all.

    python benchmarks/speed.py --quick           under ten minutes on two cores
    python benchmarks/speed.py --images 1000 --rounds 3
    python benchmarks/speed.py --photos FOLDER   photos of your own, in class folders

Same photos, split, network, weights, batch and number of epochs for all; each measurement in a process of its own, with
empty caches; within a round the contenders take turns for each piece of work, and medians of the rounds are compared.
What happens before the libraries are loaded does not count, everything after it does.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import timm
import torch
from safetensors.torch import save_file

from benchmarks.contenders.work import Times, Work
from benchmarks.experiment import argument_parser
from benchmarks.memory import Memory, ProcessTreePeak
from benchmarks.other_load import OtherLoad
from benchmarks.report import save_report
from benchmarks.speed_tables import (
    GRAFT,
    ROWS,
    TITLES,
    Compared,
    Measured,
    Row,
    cost_table,
    draw,
    limit_table,
    result_table,
)
from benchmarks.synthetic_photos import make_photos
from core.backbones import describe_stages
from core.datasets import Dataset, import_dataset
from core.home import open_home

ROOT = Path(__file__).parents[1]
LIMIT = "limit"
PEERS = {"plain_loop": "timm", "fastai_learner": "fastai", "hugging_face": "transformers"}  # and what each needs
# Peers do the same in each epoch, so few are enough to know what many take. Graft does not, and is never extrapolated.
PEER_EPOCHS, QUICK_EPOCHS = 3, 2
MAX_OTHER_LOAD = 0.1  # of the processor may go to other programs before a figure counts as disturbed


def main() -> None:
    arguments = _arguments()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="graft-speed-") as temporary:
        benchmark = SpeedBenchmark(Path(temporary), arguments)
        rounds = [benchmark.round(number) for number in range(arguments.rounds)]
    compared = [_collect(row, [each[row.name] for each in rounds]) for row in benchmark.rows]
    tables = result_table(compared, benchmark.training), cost_table(compared), limit_table(compared)
    disturbed = max(each.disturbed for row in compared for rounds in row.rounds.values() for each in rounds)
    note = (
        f"{benchmark.note} Other programs used at most {disturbed:.0%} of the processor during a measurement. "
        f"All of it took {(time.perf_counter() - started) / 60:.0f} minutes."
    )
    print(save_report(arguments.name, *tables, draw=lambda figure: draw(figure, compared), note=note))


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--quick", action="store_true", help="120 photos, one round, fewer epochs")
    parser.add_argument("--images", type=int, help="how many photos to make (640, quick 120)")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="photos in class folders, instead of made ones")
    parser.add_argument("--model", default="resnet18", help="a network of timm")
    parser.add_argument("--size", type=int, default=224, help="photo size in pixels")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3, quick 1)")
    parser.add_argument(
        "--tries", type=int, default=1, help="measure up to so many times again while other programs are busy"
    )
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these words, comma between")
    parser.add_argument("--name", help="what the results are called (speed, quick speed-quick)")
    arguments = parser.parse_args()
    arguments.name = arguments.name or ("speed-quick" if arguments.quick else "speed")
    arguments.images = arguments.images or (120 if arguments.quick else 640)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


class SpeedBenchmark:
    """All that the measurements share: photos, a home with them, weights."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder, self.arguments = folder, arguments
        words = [word.strip() for word in arguments.rows.split(",") if word.strip()]
        self.rows = [row for row in ROWS if not words or any(word in row.name for word in words)]
        self.peers = [name for name, library in PEERS.items() if find_spec(library)]
        photos = arguments.photos or make_photos(folder / "photos", arguments.images)
        started = time.perf_counter()
        dataset = import_dataset(open_home(folder / "home"), "photos", photos)
        import_seconds = time.perf_counter() - started
        self.training = len(dataset.indices("train"))
        self.base = self._work(dataset)
        missing = [TITLES[name] for name in PEERS if name not in self.peers]
        self.note = (
            f"{arguments.model} at {arguments.size} pixels with random weights, {self.training:,} training and "
            f"{len(dataset.indices('validation')):,} validation photos, batch 32, rounds: {arguments.rounds}. "
            f"Peers ran {self._peer_epochs} epochs; what more take is extrapolated from those after the first. Graft's "
            f"import, once per dataset and not in the table, took {import_seconds:.1f} s. "
            + (f"Not installed here: {', '.join(missing)}." if missing else "")
        )

    @property
    def _peer_epochs(self) -> int:
        return QUICK_EPOCHS if self.arguments.quick else PEER_EPOCHS

    def _graft_epochs(self, row: Row) -> int:
        return QUICK_EPOCHS if self.arguments.quick and row.by_epoch else row.epochs

    def _work(self, dataset: Dataset) -> Work:
        photos = self.folder / "photos.json"
        labels = dataset.labels(dataset.tasks[0])
        files = [str(dataset.folder / file) for file in dataset.table["file"]]
        parts = {
            part: [(files[row], int(labels[row])) for row in dataset.indices(split)]
            for part, split in (("training", "train"), ("validation", "validation"))
        }
        photos.write_text(json.dumps(parts))
        weights = self.folder / "weights.safetensors"
        torch.manual_seed(0)
        save_file(timm.create_model(self.arguments.model, num_classes=0).state_dict(), weights)
        return Work(
            model=self.arguments.model,
            weights=str(weights),
            image_size=self.arguments.size,
            batch_size=32,
            classes=len(dataset.tasks[0].classes),
            epochs=1,
            photos=str(photos),
            first_trainable_stage=0,
            frozen=(),
        )

    def round(self, number: int) -> dict[str, tuple[dict[str, Measured], dict[str, float]]]:
        """Every row once: by its name, each contender's measurement and the machine's limit."""
        found: dict[str, tuple[dict[str, Measured], dict[str, float]]] = {}
        for row in self.rows:
            if row.measured_as in found:
                peers, limit = found[row.measured_as]
                found[row.name] = (peers | {GRAFT: self._measure(GRAFT, row)}, limit)
                continue
            limit = json.loads(self._run(LIMIT, self._work_for(row, epochs=1))[0])
            # Who begins changes from round to round.
            order = [GRAFT, *self.peers]
            order = order[number % len(order) :] + order[: number % len(order)]
            found[row.name] = ({name: self._measure(name, row) for name in order}, limit)
        return found

    def _work_for(self, row: Row, epochs: int) -> Work:
        stages = describe_stages(self.arguments.model)
        first = {"head": len(stages), "last": len(stages) - 1, "all": 0}[row.trainable]
        frozen = tuple(name for stage in stages[:first] for name in stage.members)
        return replace(
            self.base,
            epochs=epochs,
            first_trainable_stage=first,
            frozen=frozen,
            crop_and_flip=row.crop_and_flip,
            cached_views=row.cached_views,
        )

    def _measure(self, contender: str, row: Row) -> Measured:
        """The attempt with the least load by others; the first undisturbed one is enough."""
        attempts: list[Measured] = []
        while len(attempts) < self.arguments.tries and all(each.disturbed > MAX_OTHER_LOAD for each in attempts):
            attempts.append(self._measure_once(contender, row))
        return min(attempts, key=lambda each: each.disturbed)

    def _measure_once(self, contender: str, row: Row) -> Measured:
        work = self._work_for(
            row, self._graft_epochs(row) if contender == GRAFT else min(row.epochs, self._peer_epochs)
        )
        if contender == GRAFT:
            work = replace(work, home=str(self._fresh_home()))
        with OtherLoad() as load:
            line, memory = self._run(contender, work)
        measured = Measured(Times(**json.loads(line)), memory, load.fraction)
        parts = {part: round(seconds, 2) for part, seconds in measured.times.parts.items()}
        beside = f"beside others that used {load.fraction:.0%}" if load.fraction > MAX_OTHER_LOAD else ""
        print(f"{row.name}: {TITLES[contender]} {measured.seconds(row):.1f} s {beside} {parts or ''}", flush=True)
        return measured

    def _fresh_home(self) -> Path:
        """A home with the dataset and nothing else: no caches, no profiles."""
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        home = self.folder / "home"
        shutil.copytree(home / "datasets", fresh / "datasets", copy_function=os.link)
        shutil.copy(home / "graft.db", fresh)
        return fresh

    def _run(self, contender: str, work: Work) -> tuple[str, Memory]:
        """The last line a contender printed, and its memory. Graft's own environment variable is not passed on."""
        environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
        command = [sys.executable, "-m", f"benchmarks.contenders.{contender}", json.dumps(asdict(work))]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with ProcessTreePeak(process.pid) as peak:
            out, errors = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{contender} failed:\n{errors}")
        return out.strip().splitlines()[-1], peak.peak


def _collect(row: Row, rounds: Sequence[tuple[dict[str, Measured], dict[str, float]]]) -> Compared:
    contenders = [name for name in TITLES if name in rounds[0][0]]
    return Compared(
        row,
        {name: [measured[name] for measured, _ in rounds] for name in contenders},
        {kind: [limits[kind] for _, limits in rounds] for kind in rounds[0][1]},
    )


if __name__ == "__main__":
    main()
