"""How much memory a program and all its children take at most, seen from outside."""

import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_SECONDS = 0.25
GROWN = 1.01
_ROLLUP = ("Pss_Anon", "Pss_Shmem", "Pss_File")


@dataclass(frozen=True)
class Memory:
    """Bytes. own: what only leaves memory when the program lets go of it. mapped: files (libraries, and caches that
    are mapped), which the system drops when somebody needs the room. Shared pages count once.
    """

    own: int = 0
    mapped: int = 0


class PeakOfTree:
    """Looks at a process and its descendants four times a second, from `with` to its end; `peak` has the most seen."""

    def __init__(self, pid: int) -> None:
        self.peak = Memory()
        self._root, self._roughly = psutil.Process(pid), 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakOfTree":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Once, now. Closely only where a rough look promises a new peak: a close one halts the program meanwhile."""
        try:
            family = (self._root, *self._root.children(recursive=True))
            roughly = sum(process.memory_info().rss for process in family)
            if roughly < GROWN * self._roughly:
                return
            self._roughly = roughly
            seen = [_of(process) for process in family]
        except psutil.NoSuchProcess:
            return  # one ended meanwhile; the rest is seen the next time
        own, mapped = sum(each.own for each in seen), sum(each.mapped for each in seen)
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
