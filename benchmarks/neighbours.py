"""How much of the processor other programs used meanwhile: figures from a busy machine say little."""

import resource
import time

import psutil


class Neighbours:
    """`with Neighbours() as others: ...` around whatever runs in this process and in children that have ended by then;
    afterwards `others.share` is the share of all cores that somebody else used.
    """

    share = 0.0

    def __enter__(self) -> "Neighbours":
        self._began, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        others = _busy_seconds() - self._busy - (_own_seconds() - self._own)
        self.share = max(0.0, others / seconds / (psutil.cpu_count() or 1))


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
