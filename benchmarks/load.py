"""Whether one Graft answers a class: many sessions that open page after page while a run trains.

    python benchmarks/load.py                20 sessions, some two minutes

Each session speaks Streamlit's protocol as a browser does, without drawing: it opens a page, waits until the server has
sent all of it, reads for a second, and opens the next. Training goes on all the while.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.experiment import argument_parser
from benchmarks.interface import Server, full_fine_tuning
from benchmarks.report import Table, save_report
from core.execution import submit
from core.home import open_home
from core.runs import stop

READING_SECONDS, LONGEST_SECONDS, SETTLING_SECONDS = 1.0, 120.0, 10.0
MIB = 2**20


@dataclass
class Load:
    """What the sessions saw: seconds until a page was whole, by page; and what went wrong, in words."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="graft-load-") as temporary:
        home = open_home(Path(temporary) / "home")
        plan = full_fine_tuning(home, arguments.model, arguments.size)
        with Server(home, Path(temporary)) as server:
            run = submit(home, plan)
            server.wait_for_steps()
            pages = _pages(plan.source.id, run.id)
            asyncio.run(open_pages(server.address, pages, 1, 1, Load()))  # what is slow only once
            memory, alone = {"before": _mib(server)}, _images_per_second(server, arguments.seconds)
            load, since = Load(), time.time()
            asyncio.run(open_pages(server.address, pages, arguments.sessions, arguments.rounds, load))
            loaded = server.images_per_second(since, time.time())
            memory["with all sessions open"] = _mib(server)
            time.sleep(SETTLING_SECONDS)
            memory[f"{SETTLING_SECONDS:.0f} s after they closed"] = _mib(server)
            stop(home, run.id)
    note = (
        f"{arguments.sessions} sessions, each opens every page {arguments.rounds} times and reads it for "
        f"{READING_SECONDS:.0f} s. {plan.backbone.name} at {plan.image_size} pixels learns meanwhile, all stages."
    )
    print(save_report(arguments.name, *tables(load, memory, alone, loaded), note=note))


def _arguments() -> argparse.Namespace:
    parser = argument_parser(__doc__, "load")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of training without sessions, to compare with")
    parser.add_argument("--model", help="a backbone of the gallery, with random weights (the starter)")
    parser.add_argument("--size", type=int, help="photo size in pixels (the backbone's own)")
    return parser.parse_args()


def _pages(dataset_id: str, run_id: str) -> Mapping[str, str]:
    """Query of each page, by its key."""
    dataset, run = f"dataset={dataset_id}", f"run={run_id}"
    return {"photos": dataset, "model": dataset, "plan": dataset, "train": run, "results": run, "runs": ""}


async def open_pages(address: str, pages: Mapping[str, str], sessions: int, rounds: int, load: Load) -> None:
    """All sessions at once, each with another page first."""
    names = list(pages)
    turns = [names[number % len(names) :] + names[: number % len(names)] for number in range(sessions)]
    await asyncio.gather(*(_session(address, pages, turn * rounds, load) for turn in turns))


async def _session(address: str, pages: Mapping[str, str], turn: list[str], load: Load) -> None:
    try:
        async with connect(
            address.replace("http", "ws") + "/_stcore/stream",
            origin=address,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        ) as socket:
            for name in turn:
                seconds = await asyncio.wait_for(_open_page(socket, name, pages[name], load), LONGEST_SECONDS)
                load.seconds.setdefault(name, []).append(seconds)
                await asyncio.sleep(READING_SECONDS)
    except Exception as error:  # whatever ends a session is what is counted
        load.errors[f"{type(error).__name__}: {error}"] += 1


async def _open_page(socket: ClientConnection, name: str, query: str, load: Load) -> float:
    """Seconds until the page was whole."""
    message = BackMsg()
    message.rerun_script.page_name = "" if name == "photos" else name
    message.rerun_script.query_string = query
    started = time.perf_counter()
    await socket.send(message.SerializeToString())
    began = False
    while True:
        answer = ForwardMsg.FromString(await socket.recv())  # type: ignore[arg-type]
        kind = answer.WhichOneof("type")
        began = began or kind == "new_session"
        if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
            load.errors[f"{name}: {answer.delta.new_element.exception.message}"] += 1
        elif kind == "script_finished" and began and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return time.perf_counter() - started
        elif kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise RuntimeError(f"{name}: does not compile")


def _mib(server: Server) -> float:
    return psutil.Process(server.process.pid).memory_info().rss / MIB


def _images_per_second(server: Server, seconds: float) -> float:
    since = time.time()
    time.sleep(seconds)
    return server.images_per_second(since, time.time())


def tables(load: Load, memory: Mapping[str, float], alone: float, loaded: float) -> list[Table]:
    every = [seconds for each in load.seconds.values() for seconds in each]
    rows = [
        (name, len(each), median(each), float(np.percentile(each, 95)), max(each))
        for name, each in [*load.seconds.items(), ("all", every)]
        if each
    ]
    return [
        Table("How long a page takes under load", ("page", "opened", "median s", "p95", "longest"), rows),
        Table("What went wrong", ("error", "times"), [*load.errors.items()] or [("nothing", 0)]),
        Table("Memory of the server", ("when", "MiB"), [*memory.items()]),
        Table("Training", ("", "images/s"), [("without sessions", alone), ("with all of them", loaded)]),
    ]


if __name__ == "__main__":
    main()
