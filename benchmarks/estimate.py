"""Whether a run takes the time and the memory that the plan page estimated.

    python benchmarks/estimate.py --quick                      under six minutes on two cores
    python benchmarks/estimate.py --photos clothing.zip        photos of your own: a zip, or a folder of class folders
    python benchmarks/estimate.py --backbones resnet18@96

Head only, top of the network and all of it, on three backbones with random weights. Each is estimated in a process of
its own and then trained in another, through the queue, as if somebody had pressed Start, with empty caches. Seconds are
those from there to the result; memory is what the process holds at most, without what is mapped from caches.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import timm
import torch
from safetensors.torch import save_file

from benchmarks.experiment import argument_parser
from benchmarks.other_load import OtherLoad
from benchmarks.report import Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.backbones import describe_stages, get_card, num_features
from core.datasets import import_dataset, list_datasets, load_dataset
from core.device import resolve_device
from core.execution import count_photos, execute_run, submit
from core.home import Home, open_home
from core.plans import BackboneChoice, Plan, make_plan, set_epochs
from core.profiling import estimate, head_parameters, profile_costs

BACKBONES = ("graft-resnet10t@64", "mobilenetv3_small_100@128", "resnet18@96")
RECIPES = {"feature-extraction": "head only", "top": "top", "head-first": "head first, then all"}
INTERVAL_SECONDS = 0.05
TOLERANCE = 0.25  # of the estimate
MAX_OTHER_LOAD = 0.1  # of the processor may go to other programs before a figure counts as disturbed


@dataclass(frozen=True)
class Case:
    backbone: str
    size: int
    recipe: str
    epochs: int | None
    weights: str
    home: str

    @property
    def name(self) -> str:
        return f"{self.backbone} at {self.size}, {RECIPES[self.recipe]}"


@dataclass(frozen=True)
class Cost:
    seconds: float
    memory_bytes: int


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="graft-estimate-") as temporary:
        rows = [_row(case, arguments.tries) for case in _cases(Path(temporary), arguments)]
    misses = [row for row in rows if any(abs(row[place] - 1) > TOLERANCE for place in (3, 6))]
    columns = (
        "run",
        "estimated, s",
        "measured, s",
        "measured / estimated",
        "estimated, MiB",
        "measured, MiB",
        "measured / estimated",
        "busy",
    )
    note = (
        f"{len(rows) - len(misses)} of {len(rows)} are within {TOLERANCE:.0%} in both. busy: the share of the "
        "processor that other programs had meanwhile, from 0 to 1."
    )
    print(save_report(arguments.name, Table("Estimated and measured costs of a run", columns, rows), note=note))


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--quick", action="store_true", help="200 photos and few epochs")
    parser.add_argument("--photos", type=Path, help="a zip, or a folder of class folders, instead of made ones")
    parser.add_argument("--images", type=int, help="how many photos to make (600, quick 200)")
    parser.add_argument("--backbones", nargs="+", default=BACKBONES, metavar="NAME@SIZE")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument(
        "--tries", type=int, default=1, help="measure up to so many times again while other programs are busy"
    )
    parser.add_argument("--name", help="what the results are called (estimate, quick estimate-quick)")
    arguments = parser.parse_args()
    arguments.name = arguments.name or ("estimate-quick" if arguments.quick else "estimate")
    arguments.images = arguments.images or (200 if arguments.quick else 600)
    return arguments


def _cases(folder: Path, arguments: argparse.Namespace) -> Iterator[Case]:
    photos = arguments.photos or make_photos(folder / "photos", arguments.images)
    import_dataset(open_home(folder / "home"), "photos", photos)
    for number, named in enumerate(arguments.backbones):
        backbone, _, size = named.partition("@")
        weights = folder / f"{number}.safetensors"
        architecture = get_card(backbone).architecture
        torch.manual_seed(0)
        save_file(timm.create_model(architecture, num_classes=0).state_dict(), weights)
        for recipe in arguments.recipes:
            epochs = 4 if arguments.quick and recipe != "feature-extraction" else None
            yield Case(backbone, int(size), recipe, epochs, str(weights), str(folder / "home"))


def _row(case: Case, tries: int) -> tuple[str, float, float, float, float, float, float, float]:
    """The attempt with the least load by others; the first undisturbed one is enough."""
    attempts: list[tuple[Cost, Cost, float]] = []
    while len(attempts) < tries and all(disturbed > MAX_OTHER_LOAD for _, _, disturbed in attempts):
        attempts.append(_estimate_and_measure(case))
    estimated, measured, disturbed = min(attempts, key=lambda each: each[2])
    seconds, memory = measured.seconds / estimated.seconds, measured.memory_bytes / estimated.memory_bytes
    both = estimated.memory_bytes / 2**20, measured.memory_bytes / 2**20
    print(f"{case.name}: {seconds:.2f} of the time, {memory:.2f} of the memory, beside {disturbed:.0%}", flush=True)
    return case.name, estimated.seconds, measured.seconds, seconds, *both, memory, disturbed


def _estimate_and_measure(case: Case) -> tuple[Cost, Cost, float]:
    """Estimated and measured costs, and the higher load by other programs meanwhile, as a fraction of all cores."""
    fresh = replace(case, home=str(_fresh_home(Path(case.home))))
    with OtherLoad() as load:
        estimated = _in_a_process("estimate", fresh)
    with OtherLoad() as load_later:
        measured = _in_a_process("measure", fresh)
    return estimated, measured, max(load.fraction, load_later.fraction)


def _fresh_home(home: Path) -> Path:
    """A home with the dataset and nothing else: no caches, no profiles."""
    fresh = home.with_name("fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(home / "datasets", fresh / "datasets", copy_function=os.link)
    shutil.copy(home / "graft.db", fresh / "graft.db")
    return fresh


def _in_a_process(action: str, case: Case) -> Cost:
    command = [sys.executable, __file__, f"--{action}", json.dumps(asdict(case))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{case.name}: {done.stderr[-2_000:]}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def estimate_cost(case: Case) -> Cost:
    """Estimate as the plan page does."""
    home = open_home(case.home)
    plan = _plan(home, case)
    dataset = load_dataset(home, plan.source.id)
    costs = profile_costs(home, plan, get_card(case.backbone), resolve_device())
    features = num_features(timm.create_model(get_card(case.backbone).architecture, num_classes=0))
    head = head_parameters(features, dataset.tasks[:1])
    photos = count_photos(plan, {"source": dataset})
    estimation = estimate(plan, photos, costs, head)
    return Cost(estimation.seconds, estimation.memory_bytes)


def measure_cost(case: Case) -> Cost:
    home = open_home(case.home)
    run = submit(home, _plan(home, case))
    libraries = _resident("RssFile")
    started = time.perf_counter()
    with _sample_memory() as own:
        finished_run = execute_run(home, run.id)
    if finished_run.state != "finished":
        raise SystemExit(finished_run.error)
    return Cost(time.perf_counter() - started, libraries + max(own))


def _plan(home: Home, case: Case) -> Plan:
    dataset = load_dataset(home, list_datasets(home)[0].id)
    plan = make_plan(dataset, get_card(case.backbone), describe_stages(get_card(case.backbone)), case.recipe, case.size)
    weights = BackboneChoice(name=case.backbone, weights="file", file=case.weights)
    plan = plan.model_copy(update={"backbone": weights})
    return set_epochs(plan, case.epochs) if case.epochs else plan


@contextmanager
def _sample_memory() -> Iterator[list[int]]:
    """Sample the anonymous resident memory of this process, in bytes, into the yielded list."""
    samples, done = [_resident("RssAnon")], threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL_SECONDS):
            samples.append(_resident("RssAnon"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield samples
    done.set()
    thread.join()


def _resident(kind: str) -> int:
    """Bytes. RssAnon: its own. RssFile: mapped from files, libraries above all."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


def _child(arguments: Sequence[str]) -> bool:
    work = {"--estimate": estimate_cost, "--measure": measure_cost}.get(arguments[0]) if arguments else None
    if work is None:
        return False
    print(json.dumps(asdict(work(Case(**json.loads(arguments[1]))))))
    return True


if __name__ == "__main__" and not _child(sys.argv[1:]):
    main()
