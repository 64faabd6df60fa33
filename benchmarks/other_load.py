"""The processor time that other programs used during a measurement: figures from a busy machine say little."""

import resource
import time

import psutil


class OtherLoad:
    """`with OtherLoad() as load: ...` around work of this process and of children that end within the block; afterwards
    `load.fraction` is the fraction of all cores that other programs used.
    """

    fraction = 0.0

    def __enter__(self) -> "OtherLoad":
        self._started, self._busy_at_start, self._own_at_start = time.perf_counter(), _busy_seconds(), _own_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._started
        other_seconds = _busy_seconds() - self._busy_at_start - (_own_seconds() - self._own_at_start)
        self.fraction = max(0.0, other_seconds / seconds / (psutil.cpu_count() or 1))


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in usages)
