"""Whether the same plan gives the same weights again on this machine, while other programs keep it busy.

    python benchmarks/same_weights.py                 ten runs in one home, and ten in homes that remember nothing
    python benchmarks/same_weights.py --load 8        beside eight programs that compute without end

Each run is a process of its own, as `graft train` is. Between runs the other programs come and go, so that each race
of compute configurations is held under another load.
"""

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser, home_with_photos
from benchmarks.report import Table, save_report
from core.backbones import default_card, describe_stages
from core.datasets import Dataset
from core.execution import submit
from core.home import Home, database
from core.models import read_facts
from core.plans import Plan, change, make_plan
from core.runs import run_folder

COLUMNS = ("home", "runs", "different weights", "configurations", "load of the cores, %")
_TRAIN = """
import sys
from core.execution import execute_run
from core.home import open_home
run = execute_run(open_home(sys.argv[1]), sys.argv[2])
sys.exit(run.state != "finished" and run.error)
"""
_BUSY = "while True: sum(range(100_000))"


def main() -> None:
    arguments = _arguments()
    rows = []
    with home_with_photos(arguments) as (home, dataset):
        plan = _plan(home, dataset, arguments)
        for name, forgets in (("remembers its first choice", False), ("forgets what was measured", True)):
            found, loads = _train_again_and_again(home, plan, arguments, forgets)
            configurations = Counter(_in_words(facts) for facts in found)
            listed = "; ".join(f"{count} x {words}" for words, count in configurations.most_common())
            weights = {json.dumps(facts["files"], sort_keys=True) for facts in found}
            rows.append((name, len(found), len(weights), listed, 100 * sum(loads) / len(loads)))
    note = (
        f"{plan.backbone.name}, {plan.epochs} epochs at {plan.image_size} pixels, {len(dataset)} photos, beside up to "
        f"{arguments.load} programs that compute without end. Weights are compared bit by bit, by the checksums of the "
        "last checkpoint."
    )
    print(save_report(arguments.name, Table("The same plan again", COLUMNS, rows, note)))


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "same_weights")
    parser.add_argument("--photos", type=Path, help="a zip or folder of photos in class folders")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--load", type=int, default=4, help="other programs, at most")
    parser.add_argument("--size", type=int, default=64, help="of the photos, in pixels")
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


def _plan(home: Home, dataset: Dataset, arguments: argparse.Namespace) -> Plan:
    card = default_card(home)
    plan = make_plan(dataset, card, describe_stages(card), "scratch", image_size=arguments.size)
    return change(plan, f"epochs={arguments.epochs}")


def _train_again_and_again(
    home: Home, plan: Plan, arguments: argparse.Namespace, forgets: bool
) -> tuple[list[dict[str, Any]], list[float]]:
    """Facts of the last checkpoint of each run, and the load while it trained."""
    found, loads = [], []
    for number in range(arguments.runs):
        if forgets:
            with database(home, write=True) as db:
                db.execute("DELETE FROM profiles")
        run = submit(home, plan)
        with _load(random.Random(number).randint(0, arguments.load)):
            psutil.cpu_percent()
            subprocess.run([sys.executable, "-c", _TRAIN, str(home.root), run.id], check=True)
            loads.append(psutil.cpu_percent() / 100)
        found.append(read_facts(run_folder(home, run.id) / "last"))
        print(f"run {number + 1}: {_in_words(found[-1])}, {found[-1]['files']['model.safetensors']}", flush=True)
    return found, loads


@contextmanager
def _load(programs: int) -> Iterator[None]:
    others: Sequence[subprocess.Popen] = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(programs)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def _in_words(facts: dict[str, Any]) -> str:
    config = facts["compute_config"]
    layout = "channels-last" if config["channels_last"] else "contiguous"
    parts = f"{config['precision']}/{config['inference_dtype']} {layout}, {config['threads']} threads"
    return f"{parts}, {facts['micro_batch_size']} at once"


if __name__ == "__main__":
    main()
