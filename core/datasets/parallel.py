"""A function mapped over many items by all cores: for work that releases the GIL, as Pillow's and NumPy's does."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

WORKERS = os.cpu_count() or 1
Thing = TypeVar("Thing")
Made = TypeVar("Made")


def in_order(work: Callable[[Thing], Made], things: Iterable[Thing]) -> Iterator[Made]:
    """`work` of each, in order, with only a few results waiting: memory stays small, and closing it ends it soon."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="in-order") as pool:
        try:
            for thing in things:
                waiting.append(pool.submit(work, thing))
                if len(waiting) > 4 * WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
