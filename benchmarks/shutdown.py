"""How long Graft takes to end after Ctrl-C in the middle of a step, and whether its run can go on afterwards.

    python benchmarks/shutdown.py             five minutes on two cores

The dashboard and `graft train`, each training a small network whose steps are short, and a large one whose steps take
seconds on a processor. The dashboard has to be gone within five seconds; `graft train` finishes its step first, unless
Ctrl-C is pressed again.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser
from benchmarks.report import Table, save_report
from benchmarks.synthetic_photos import make_photos
from core.backbones import describe_stages, get_card
from core.datasets import import_dataset
from core.execution import submit
from core.home import Home, open_home
from core.plans import Plan, change, make_plan
from core.runs import get_run, list_runs

GOAL_SECONDS = 5.0
NETWORKS = {"small steps": ("graft-resnet10t", 64, 32), "steps of seconds": ("resnet50.a1_in1k", 224, 32)}
PROGRAMS = {"the dashboard": ["--port", "0", "--no-browser"], "graft train": ["train", "--plan"]}


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = []
    for program in PROGRAMS:
        for network_words, (name, side, batch) in NETWORKS.items():
            with tempfile.TemporaryDirectory() as folder:
                home, plan = prepare_home(Path(folder), name, side, batch)
                endings = [seconds_to_exit(home, plan, program, number) for number in range(rounds)]
            seconds, states = [elapsed for elapsed, _ in endings], {state for _, state in endings}
            rows.append([program, network_words, median(seconds), max(seconds), ", ".join(sorted(states))])
    columns = ("program", "trains in", "median, s", "longest, s", "its run is then")
    print(save_report("shutdown", Table(f"Ctrl-C in the middle of training: goal {GOAL_SECONDS:g} s", columns, rows)))


def prepare_home(folder: Path, name: str, side: int, batch: int) -> tuple[Home, Plan]:
    """A home with photos, and a plan in which all of a network learns for longer than anyone waits."""
    home, network = open_home(folder / "home"), get_card(name)
    dataset = import_dataset(home, "made", make_photos(folder / "photos", images=320, classes=2, width=96, height=96))
    plan = make_plan(dataset, network, describe_stages(network), "scratch", image_size=side)
    for each in (f"batch_size={batch}", "epochs=1000", "device=cpu"):
        plan = change(plan, each)
    return home, plan


def seconds_to_exit(home: Home, plan: Plan, program: str, number: int) -> tuple[float, str]:
    """Seconds from Ctrl-C to the end of the process, and what the run is then."""
    fresh = change(plan, f"seed={number}")
    if program == "the dashboard":
        submit(home, fresh)
        command_arguments = PROGRAMS[program]
    else:
        file = home.root / "plan.json"
        file.write_text(fresh.model_dump_json())
        command_arguments = [*PROGRAMS[program], str(file)]
    with running([sys.executable, "-m", "graft", *command_arguments, "--home", str(home.root)]) as process:
        run = wait_until_training(home, process, number + 1)
        process.send_signal(signal.SIGINT)
        started = time.perf_counter()
        process.wait(120)
        return time.perf_counter() - started, get_run(home, run).state


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_training(home: Home, process: subprocess.Popen, runs: int) -> str:
    """The id of the newest of so many runs, once it is in the middle of its third step or a later one."""
    while process.poll() is None:
        newest = next(iter(list_runs(home)), None)
        if newest and len(list_runs(home)) == runs and newest.state == "running" and newest.progress.step >= 2:
            time.sleep(0.3)
            return newest.id
        time.sleep(0.05)
    raise RuntimeError(f"it ended by itself: {process.returncode}")


if __name__ == "__main__":
    main()
