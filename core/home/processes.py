"""Which process holds or makes something, named so that another one can tell whether it still lives.

Neither a step of the clock nor a container misleads: a process is known by its number in its namespace, by what the
kernel counted since the start of the machine when it began, and by which start of the machine that was.
"""

import os
import socket
from functools import cache, lru_cache
from pathlib import Path

import psutil

_PROC = Path("/proc")
_LINUX = _PROC.joinpath("self", "stat").exists()


def this_process() -> str:
    """The name of this process: machine|process number|start|start of the machine."""
    return _name_of(os.getpid())


@lru_cache(maxsize=1)  # a forked child has another number
def _name_of(number: int) -> str:
    return f"{_machine()}|{number}|{_start_of(number)}|{_boot()}"


def is_this_process(name: str) -> bool:
    """Whether a name, or one with something after it, is that of this process. Asks neither kernel nor clock."""
    return f"{name}|".startswith(f"{this_process()}|")


def process_is_gone(name: str) -> bool:
    """Whether a process surely ended. False for those of other machines and containers, which cannot be seen."""
    machine, number, start, boot = _parts(name)
    if machine != _machine() or not number.isdecimal():
        return False
    return boot != _boot() or _start_of(int(number)) != start


def is_alive(name: str) -> bool:
    """Whether a process is known to live: one of this machine."""
    return name.startswith(f"{_machine()}|") and not process_is_gone(name)


def shares_clock(name: str) -> bool:
    """Whether `time.monotonic` of a process is that of this one: both run since the same start of one machine."""
    _, _, _, boot = _parts(name)
    return is_alive(name) or (boot != "" and boot == _boot())


def _parts(name: str) -> tuple[str, str, str, str]:
    machine, number, start, boot = [*name.split("|"), "", "", "", ""][:4]
    return machine, number, start, boot


@cache
def _machine() -> str:
    # Two containers may share a host name and a home, but not their process numbers, or not their count of time.
    return " ".join([socket.gethostname(), *(_link(f"self/ns/{kind}") for kind in ("pid", "time"))]).rstrip()


@cache
def _boot() -> str:
    """Which start of this machine; "" where the system has no name for it."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _start_of(number: int) -> str:
    """When a process began; "" when there is none of that number."""
    if _LINUX:
        # psutil adds the time at which the machine started, and that moves when somebody sets the clock.
        try:
            state, *rest = (_PROC / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if state in "ZX" else rest[18]  # in ticks since the start of the machine
    try:
        process = psutil.Process(number)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.NoSuchProcess:
        return ""


def _link(place: str) -> str:
    try:
        return os.readlink(_PROC / place)
    except OSError:
        return ""
