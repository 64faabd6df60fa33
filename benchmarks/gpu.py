"""What Graft makes of a graphics card, with this card's limits measured in the same sitting.

    python benchmarks/gpu.py                      under six minutes with a graphics card
    python benchmarks/gpu.py --device cpu --small   a check that all of it works, on any machine

Needs torch, timm and what Graft's core needs; no Streamlit, no network. Weights are random. Every contender runs in a
process of its own. Whole runs are compared: everything from the first step to the end, with judging and saving; what
comes before (starting the card, decoding photos) stands beside them.
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
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import timm
import torch
from safetensors.torch import save_file

from benchmarks.contenders.work import Times, Work
from benchmarks.report import Cell, Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.datasets import Dataset, import_dataset
from core.home import open_home

ROOT = Path(__file__).parents[1]
SECONDS = 330.0  # after which nothing new is begun
GOAL_OF_LIMIT = 0.8
PEERS = {"plain_loop": "plain loop, fp32", "hugging_face": "Hugging Face Trainer"}
NEEDS = {"plain_loop": "timm", "hugging_face": "transformers"}
PEER_EPOCHS = 2  # of which the second counts: in the first their workers start


@dataclass(frozen=True)
class Row:
    """A network to train whole; in the first head_epochs its head alone."""

    name: str
    model: str
    image_size: int = 224
    batch_size: int = 128
    epochs: int = 5
    head_epochs: int = 0


@dataclass(frozen=True)
class Found:
    """images: of training. limits: images per second of a bare step, by its arithmetic."""

    row: Row
    images: int
    limits: dict[str, float]
    times: dict[str, Times]


ROWS = (
    Row("ViT-B/16, batch 128", "vit_base_patch16_224"),
    Row("ResNet-50, batch 128", "resnet50"),
    Row("ResNet-18, batch 32", "resnet18", batch_size=32),
    Row("ResNet-10-T (as Graft CNN), 64 pixels, batch 32", "resnet10t", image_size=64, batch_size=32),
    Row("EfficientNet-Lite0, head first, 160 pixels, batch 32", "tf_efficientnet_lite0", 160, 32, 6, head_epochs=3),
)
SMALL_ROWS = (Row("small, batch 8", "test_resnet.r160_in1k", image_size=32, batch_size=8, epochs=2),)
REPEATS, SMALL_REPEATS = Row("repeats", "resnet18", 96, 64, 3), replace(SMALL_ROWS[0], epochs=3)


def main() -> None:
    arguments = _arguments()
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    elif not torch.cuda.is_available():
        sys.exit("This machine has no graphics card that torch can use. Check with --device cpu --small.")
    with tempfile.TemporaryDirectory(prefix="graft-gpu-") as folder:
        benchmark = Benchmark(Path(folder), arguments)
        tables = benchmark.run()
    print(save_report(arguments.name, *tables, note=benchmark.note(), folder=arguments.folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="a tiny network and few photos")
    parser.add_argument("--photos", type=int, help="how many to make (3,700, of which 70 %% teach; small 60)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="begin nothing new after so many")
    parser.add_argument("--name", default="gpu", help="what the results are called")
    parser.add_argument("--folder", type=Path, default=ROOT / "benchmarks" / "results", help="where the results lie")
    arguments = parser.parse_args()
    arguments.photos = arguments.photos or (60 if arguments.small else 3_700)
    return arguments


class Benchmark:
    """The photos, a home with them, and the time that is left."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.began, self.limit_seconds = time.perf_counter(), arguments.seconds
        self.folder = folder
        self.rows, self.repeats = (SMALL_ROWS, SMALL_REPEATS) if arguments.small else (ROWS, REPEATS)
        self.left_out: list[str] = []
        home = open_home(folder / "home")
        photos = make_photos(folder / "photos", arguments.photos, width=320, height=240)
        self.dataset: Dataset = import_dataset(home, "photos", photos)
        self.images = len(self.dataset.indices("train"))
        self.photos = _write_examples(folder / "photos.json", self.dataset)

    def run(self) -> list[Table]:
        """Graft beside its limit first, peers after: what has no time left is said to be left out."""
        found = [Found(row, self.images, {}, {}) for row in self.rows]
        for each in found:
            each.limits.update(self._measure("limit", self._work(each.row, 1)) or {})
            of_graft = replace(self._work(each.row, each.row.epochs), head_epochs=each.row.head_epochs)
            if times := self._measure("graft", of_graft):
                each.times["graft"] = Times(**times)
        repeats = self._measure("repeats", self._work(self.repeats, self.repeats.epochs)) or {}
        for name in PEERS:
            for each in found:
                if find_spec(NEEDS[name]) and (times := self._measure(name, self._work(each.row, PEER_EPOCHS))):
                    each.times[name] = Times(**times)
        return [run_table(found), part_table(found), limit_table(found), repeat_table(self.repeats, repeats)]

    def note(self) -> str:
        missing = [PEERS[name] for name in PEERS if not find_spec(NEEDS[name])]
        return " ".join(
            [
                f"{self.images:,} training photos. All of it took {time.perf_counter() - self.began:.0f} s.",
                *([f"Not installed here: {', '.join(missing)}."] if missing else []),
                *([f"Left out for want of time: {', '.join(self.left_out)}."] if self.left_out else []),
            ]
        )

    def _work(self, row: Row, epochs: int) -> Work:
        return Work(
            model=row.model,
            weights=str(self._weights(row.model)),
            image_size=row.image_size,
            batch_size=row.batch_size,
            classes=len(self.dataset.tasks[0].classes),
            epochs=epochs,
            photos=str(self.photos),
            first_trainable_stage=0,
            frozen=(),
            crop_and_flip=True,
            home=str(self._fresh_home()),
        )

    def _weights(self, model: str) -> Path:
        file = self.folder / f"{model}.safetensors"
        if not file.exists():
            torch.manual_seed(0)
            save_file(timm.create_model(model, num_classes=0).state_dict(), file)
        return file

    def _fresh_home(self) -> Path:
        """A home with the dataset and nothing else: no caches, no profiles."""
        home, fresh = self.folder / "home", self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(home / "datasets", fresh / "datasets", copy_function=os.link)
        shutil.copy(home / "graft.db", fresh)
        return fresh

    def _measure(self, contender: str, work: Work) -> dict[str, Any] | None:
        """What a contender prints as JSON on its last line; None where no time is left."""
        if time.perf_counter() - self.began > self.limit_seconds:
            self.left_out.append(f"{contender} of {work.model}")
            return None
        command = [sys.executable, "-m", f"benchmarks.contenders.{contender}", json.dumps(asdict(work))]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{contender} of {work.model} failed:\n{done.stderr}")
        measured = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"{work.model}, {contender}: {measured}", flush=True)
        return measured


def _write_examples(file: Path, dataset: Dataset) -> Path:
    labels = dataset.labels(dataset.tasks[0])
    files = [str(dataset.folder / name) for name in dataset.table["file"]]
    parts = (("training", "train"), ("validation", "validation"))
    file.write_text(
        json.dumps({part: [(files[row], int(labels[row])) for row in dataset.indices(split)] for part, split in parts})
    )
    return file


def run_table(found: Sequence[Found]) -> Table:
    """Whole runs beside the limit and beside others."""
    rows: list[Sequence[Cell]] = []
    for each in found:
        graft, best = each.times.get("graft"), max(each.limits.values(), default=0.0)
        if graft is None or not best:
            continue
        run_seconds, limit_seconds = sum(graft.epochs), each.row.epochs * each.images / best
        peers = [_times_slower(each.times.get(name), run_seconds / each.row.epochs) for name in PEERS]
        step_ms = 1000 * sum(graft.training) / (each.row.epochs * -(-each.images // each.row.batch_size))
        rows.append(
            (each.row.name, graft.setup, run_seconds, limit_seconds, limit_seconds / run_seconds, step_ms, *peers)
        )
    return Table(
        "Training on a graphics card",
        (
            "network",
            "before, s",
            "run, s",
            "limit, s",
            "x limit",
            "ms a step",
            *(f"x {peer}" for peer in PEERS.values()),
        ),
        rows,
        "*run*: all epochs of Graft, every one judged and the checkpoints on the disk at its end; *before*: starting "
        "the card, decoding, measuring. *limit*: the same steps alone, on a batch that lies ready, in the quickest "
        f"arithmetic; *x limit* is to be at least {GOAL_OF_LIMIT}. *x* a contender: how many times as long its second "
        "epoch takes.",
    )


def _times_slower(peer: Times | None, epoch_seconds: float) -> float | None:
    return peer.epochs[-1] / epoch_seconds if peer else None


def part_table(found: Sequence[Found]) -> Table:
    """Where Graft's seconds went."""
    parts = sorted({part for each in found if "graft" in each.times for part in each.times["graft"].parts})
    rows = [
        (each.row.name, *(each.times["graft"].parts.get(part) for part in parts))
        for each in found
        if "graft" in each.times
    ]
    return Table("Where Graft's seconds went", ("network", *parts), rows)


def limit_table(found: Sequence[Found]) -> Table:
    kinds = list(dict.fromkeys(kind for each in found for kind in each.limits))
    rows = [(each.row.name, *(each.limits.get(kind) for kind in kinds)) for each in found]
    return Table("What the device can do: images per second of a bare training step", ("network", *kinds), rows)


def repeat_table(row: Row, repeats: dict[str, Any]) -> Table:
    words = {True: "equal", False: "different"}
    rows = [(name, words[each["again"]], words[each["resumed"]], each["seconds"]) for name, each in repeats.items()]
    return Table(
        "Whether the same plan gives the same weights, to the last bit",
        ("algorithms", "trained again", "broken off and resumed", "s"),
        rows,
        f"{row.model} at {row.image_size} pixels, {row.epochs} epochs.",
    )


if __name__ == "__main__":
    main()
