"""How long a first model takes: `graft train` on the built-in leaves, from the command to its end, start-up included.

    python benchmarks/first_model.py        two minutes on two cores

Each round has a home of its own, so that nothing was computed before; taking in the photos is timed apart.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.experiment import argument_parser
from benchmarks.report import Table, save_report

GOAL_SECONDS = 15.0
COMMANDS = {
    "graft import leaves sample:leaves": None,
    "graft train --dataset leaves --recipe feature-extraction --json": GOAL_SECONDS,
}


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    seconds = [_round() for _ in range(parser.parse_args().rounds)]
    rows = [
        [command, median(measured), max(measured), goal]
        for (command, goal), measured in zip(COMMANDS.items(), zip(*seconds, strict=True), strict=True)
    ]
    print(save_report("first_model", Table("A first model", ("command", "median, s", "longest, s", "goal, s"), rows)))


def _round() -> list[float]:
    """Seconds of each command, one after the other."""
    with tempfile.TemporaryDirectory(prefix="graft-first-") as home:
        return [_seconds(command, home) for command in COMMANDS]


def _seconds(command: str, home: str) -> float:
    started = time.perf_counter()
    arguments = [*command.split()[1:], "--home", home]
    subprocess.run([sys.executable, "-m", "graft", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
