"""Peak memory of a program and all its children, measured from outside."""

import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

INTERVAL_SECONDS = 0.25
GROWTH = 1.01
_ROLLUP = ("Pss_Anon", "Pss_Shmem", "Pss_File")


@dataclass(frozen=True)
class Memory:
    """Bytes. own: what only leaves memory when the program lets go of it. mapped: files (libraries, and caches that
    are mapped), which the system drops when somebody needs the room. Shared pages count once.
    """

    own: int = 0
    mapped: int = 0


class ProcessTreePeak:
    """Peak memory of a process and its descendants, sampled four times a second inside the `with` block."""

    def __init__(self, pid: int) -> None:
        self.peak = Memory()
        self._root, self._approximate_bytes = psutil.Process(pid), 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "ProcessTreePeak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL_SECONDS):
            self.sample()

    def sample(self) -> None:
        """Take one sample; the exact one halts the process, so only where resident sizes promise a new peak."""
        try:
            processes = (self._root, *self._root.children(recursive=True))
            approximate_bytes = sum(process.memory_info().rss for process in processes)
            if approximate_bytes < GROWTH * self._approximate_bytes:
                return
            self._approximate_bytes = approximate_bytes
            measured = [_of(process) for process in processes]
        except psutil.NoSuchProcess:
            return  # one ended meanwhile; the next sample has the rest
        own, mapped = sum(each.own for each in measured), sum(each.mapped for each in measured)
        self.peak = Memory(max(self.peak.own, own), max(self.peak.mapped, mapped))


def _of(process: psutil.Process) -> Memory:
    """Linux says how shared pages divide; elsewhere what is unique to a process stands for all that is its own."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    try:
        lines = [line.split() for line in rollup.read_text().splitlines()]
    except ProcessLookupError as error:
        raise psutil.NoSuchProcess(process.pid) from error
    except OSError:
        return Memory(process.memory_full_info().uss)
    sizes = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if line[0].rstrip(":") in _ROLLUP}
    if len(sizes) < len(_ROLLUP):  # it is just ending
        raise psutil.NoSuchProcess(process.pid)
    return Memory(sizes["Pss_Anon"] + sizes["Pss_Shmem"], sizes["Pss_File"])
